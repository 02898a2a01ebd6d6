"""The texts of the chat page and of ``<leafresh-chat>``, in the active language.

The browser replaces ``{name}``. Answers and suggested replies are not included, because they are always Korean.
"""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _


def setup(language: str) -> dict[str, Any]:
    """The data that ``<leafresh-chat>`` needs before it is drawn."""
    words = {**_picking(), **_talking(), **({} if language == SERVERS_LANGUAGE else _refusals())}
    return {"language": language, "startUrl": settings.LEAFRESH_START_URL, "texts": words}


SERVERS_LANGUAGE = "ko"
"""The language of the messages in envelopes. In other languages the chat shows its own text for each status."""


def _refusals() -> dict[str, str]:
    """The texts for errors by status."""
    return {
        "400": _("This choice is not offered any more. Please choose again."),
        "403": _("This conversation was started elsewhere. Please continue there, or start a new one."),
        "422": _("This message cannot be sent as it is."),
        "429": _("These were a lot of questions. Please wait a moment."),
        "502": _("The answer could not be written. Please try again."),
        "503": _("Many people are asking right now. Please wait a moment."),
    }


def _picking() -> dict[str, str]:
    return {
        "hello": _("Hello!"),
        "title": _("Which green habit shall we start today?"),
        "intro": _("Tell me a little about your day, and I will find three small challenges you can start right away."),
        "loading": _("Getting the choices ready …"),
        "location": _("Where do you spend your days?"),
        "workType": _("How do you work?"),
        "category": _("What would you like to try?"),
        "recommend": _("Recommend challenges"),
        "pick": _("Pick one in each of the three groups"),
        "pickHere": _("Please pick one here."),
        "optionsFailed": _("The choices could not be loaded. Please check your connection and try again."),
        "retry": _("Try again"),
        "talk": _("Just talk"),
    }


def _talking() -> dict[str, str]:
    return {
        "conversation": _("Conversation"),
        "earlier": _("Show earlier messages"),
        "choose": _("Choose again"),
        "welcome": _("Tell me what you have in mind, in your own words."),
        "forget": _("Forget the chat"),
        "forgetTitle": _("Forget this conversation?"),
        "forgetText": _("Everything that was said here is erased for good."),
        "forgetYes": _("Forget it"),
        "cancel": _("Keep it"),
        "forgetFailed": _("It could not be erased. Please check your connection and try again."),
        "forgotten": _("The conversation is forgotten."),
        "message": _("Your message"),
        "placeholder": _("Your own words (2–500)"),
        "bounds": _("{count} of 2–500 characters"),
        "tooShort": _("Please write at least 2 characters."),
        "tooLong": _("Please keep it to 500 characters."),
        "send": _("Send"),
        "suggestions": _("Suggested replies"),
        "again": _("Show me others"),
        "challenge": _("Challenge {number}: {title}. {description}"),
        "start": _("Start"),
        "copy": _("Copy"),
        "share": _("Share"),
        "copied": _("Copied."),
        "copyFailed": _("It could not be copied here."),
        "up": _("Good answer"),
        "call": _("{number} {name}: call"),
        "down": _("Bad answer"),
        "reason": _("Why? (optional)"),
        "thanks": _("Thank you for telling me."),
        "takenBack": _("Taken back."),
        "rateFailed": _("Your opinion could not be saved. Please try again."),
        "changed": _("Category: {from} → {to}"),
        "undo": _("Undo"),
        "assumed": _("Assumed: {parts}"),
        "fallback": _("Continued in another way"),
        "thinking": _("Finding an answer for you …"),
        "writing": _("Writing the answer …"),
        "reconnecting": _("The connection broke. Reconnecting …"),
        "offline": _("Waiting for the network …"),
        "reconnected": _("Connected again."),
        "stopping": _("Stopping …"),
        "stop": _("Stop writing"),
        "stopped": _("Stopped here."),
        "done": _("Is there one you like?"),
        "failed": _("The answer did not come through."),
        "unfinished": _("This answer was not finished."),
        "0": _("The server cannot be reached. Please check your connection."),
        "countdown": _("Trying again in {count} s"),
        "countdownLong": _("Trying again in {count} min"),
    }
