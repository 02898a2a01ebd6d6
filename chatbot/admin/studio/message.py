"""What a person says in a trial or a sample of a prompt that answers messages, and what was understood of it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from chatbot.admin.labels import all_labels, reason_text
from chatbot.admin.studio.responses import text_in
from chatbot.dialogue.requests import LONGEST_MESSAGE, SHORTEST_MESSAGE, FreeTextRequest
from chatbot.errors import ApplicationError
from chatbot.evaluation import trial
from chatbot.generation.job import Job
from chatbot.models import Intent, PromptTemplate
from chatbot.prompts.contracts import TEMPLATES

FIRST_MESSAGE = "더 쉬운 거 없어?"
"""What is said until somebody writes something else."""


class UnfitMessage(ApplicationError):
    """The message is one that people cannot send either."""

    def __init__(self) -> None:
        words = _("A message has %(least)s to %(most)s visible characters.")
        super().__init__(422, words % {"least": SHORTEST_MESSAGE, "most": LONGEST_MESSAGE})


def answers_messages(template: PromptTemplate) -> bool:
    contract = TEMPLATES.get(template.key)
    return contract is not None and contract.answers_a_message


def checked(text: str) -> str:
    """The message as it is kept. Raises UnfitMessage."""
    try:
        return FreeTextRequest(text).checked().message or ""
    except ApplicationError:  # which says the same in a client's words
        raise UnfitMessage from None


def message_in(body: Mapping[str, Any], template: PromptTemplate) -> str:
    """What is said in a request of the studio; "" for a template that answers no message. Raises BadRequest,
    UnfitMessage."""
    return checked(text_in(body, "message", "")) if answers_messages(template) else ""


def understood(ordered: Job) -> dict[str, Any]:
    """What was understood of the message, why, and whether that keeps every model from being asked."""
    note = ordered.note
    if not note.message:
        return {"intent": "", "reasons": [], "withoutModel": ""}
    named = all_labels()
    fixed = _("No model is asked: insults, danger and attempts to change the rules are answered in fixed words.")
    return {
        "intent": _("Understood: %(intent)s") % {"intent": Intent(note.intent).label},
        "reasons": [reason_text(reason, named) for reason in note.reasons],
        "withoutModel": fixed if trial.asks_no_model(ordered) else "",
    }
