"""Labels for keys and codes in the admin: options, kinds of answers, corrections, and reasons of a decision."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from challenges.catalog import Options
from challenges.models import Category, Location, WorkType
from chatbot.answers.rules import RECOMMENDATION
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS

Labels = Mapping[str, Mapping[str, str]]
"""The labels of options by kind (``location``, ``work_type``, ``category``), then by key."""

OPTIONS: Mapping[str, Any] = {"location": Location, "work_type": WorkType, "category": Category}


def all_labels() -> Labels:
    """The labels of all options, including inactive ones. Takes three SQL statements."""
    return {kind: dict(model._default_manager.values_list("key", "label")) for kind, model in OPTIONS.items()}


def active_labels(known: Options) -> Labels:
    kinds = {"location": known.locations, "work_type": known.work_types, "category": known.categories}
    return {kind: {key: choice.label for key, choice in choices.items()} for kind, choices in kinds.items()}


def label(named: Labels, kind: str, key: str) -> str:
    """The label of the option; its key if it has none."""
    return named[kind].get(key, key)


_KINDS: Mapping[str, Promise] = {
    "recommendation": gettext_lazy("recommendation"),
    "explanation": gettext_lazy("explanation"),
    "smalltalk": gettext_lazy("small talk"),
    "declined": gettext_lazy("declined"),
    "help": gettext_lazy("help"),
}


def kind_label(answer: Mapping[str, Any]) -> str:
    """The label of the answer's kind. Old answers have no kind: they are recommendations."""
    kind = answer.get("kind", RECOMMENDATION)
    return str(_KINDS.get(kind, kind))


def intent_label(intent: str) -> str:
    """The label of the intent. An intent that no longer exists is shown as its key."""
    return str(Intent(intent).label) if intent in Intent.values else intent


_MENDS: Mapping[str, Promise] = {
    "title": gettext_lazy("title shortened or cleaned"),
    "markup": gettext_lazy("markup removed"),
    "emoji": gettext_lazy("emoji removed"),
    "repetition": gettext_lazy("repetition left out"),
    "superfluous": gettext_lazy("superfluous challenge left out"),
    "category_added": gettext_lazy("category added to the sentence"),
    "category_replaced": gettext_lazy("unknown category replaced"),
    "challenges_as_string": gettext_lazy("challenges were a string"),
    "foreign_sentence": gettext_lazy("sentence was not Korean"),
    "foreign_challenge": gettext_lazy("challenge was not Korean"),
    "foreign_words": gettext_lazy("went on in another language"),
    "taken_back": gettext_lazy("draft taken back"),
    "wrapped": gettext_lazy("answer was wrapped"),
    "quotes": gettext_lazy("quotes were not escaped"),
    "placeholder": gettext_lazy("words of the format left out"),
    "control_tokens": gettext_lazy("control tokens removed"),
    "escapes": gettext_lazy("escapes decoded"),
    "template": gettext_lazy("blanks in braces removed"),
    "unreadable": gettext_lazy("unreadable characters removed"),
    "invisible": gettext_lazy("invisible characters removed"),
    "said_again": gettext_lazy("repeated sentence left out"),
    "json_text": gettext_lazy("went on as JSON"),
    "too_long": gettext_lazy("endless sentence cut"),
}


def mends_text(mends: Mapping[str, int]) -> str:
    """The corrections of the composer with their numbers; "" if there are none."""
    return ", ".join(f"{_MENDS.get(name, name)} {count}" for name, count in mends.items())


def facet_label(key: str) -> str:
    """The label of a facet in the page's language. An unknown key is shown unchanged."""
    names = FACETS[key].admin if key in FACETS else {"ko": key}
    return names.get((get_language() or "ko")[:2], names["ko"])


_SENTENCES: Mapping[str, Promise] = {
    "emergency": gettext_lazy("%(words)s tells of an emergency."),
    "self_harm": gettext_lazy("%(words)s tells of self-harm."),
    "violence": gettext_lazy("%(words)s tells of violence."),
    "abuse": gettext_lazy("%(words)s is abuse."),
    "emergency_weighed": gettext_lazy("Its words together are those of an emergency."),
    "self_harm_weighed": gettext_lazy("Its words together are those of self-harm."),
    "violence_weighed": gettext_lazy("Its words together are those of violence."),
    "abuse_weighed": gettext_lazy("Its words together are those of abuse."),
    "rules": gettext_lazy("%(words)s is about the bot's rules."),
    "back": gettext_lazy("%(words)s asks for the first category."),
    "any": gettext_lazy("%(words)s asks for another category, whichever."),
    "current_refused": gettext_lazy("The current category is not wanted any more."),
    "other": gettext_lazy("%(words)s asks for something else."),
    "explain": gettext_lazy("%(words)s asks to know more."),
    "title": gettext_lazy("It speaks of the challenge %(words)s that was shown."),
    "number": gettext_lazy("%(words)s points to one of the challenges that were shown."),
    "number_unknown": gettext_lazy("%(words)s points to a challenge beyond those that were shown."),
    "nothing_shown": gettext_lazy("%(words)s points to a challenge, but none has been shown yet."),
    "greeting": gettext_lazy("%(words)s greets."),
    "thanks": gettext_lazy("%(words)s thanks or agrees."),
    "laughter": gettext_lazy("It is only laughter."),
    "sign": gettext_lazy("It consists of signs: %(words)s."),
    "facet": gettext_lazy("%(words)s says how it should be: %(facet)s."),
    "location": gettext_lazy("%(words)s names the location %(location)s."),
    "work_type": gettext_lazy("%(words)s names the work type %(work_type)s."),
    "documents_know": gettext_lazy("The document “%(title)s” knows of it, so challenges are asked for."),
    "question": gettext_lazy("It asks for a fact."),
    "learned": gettext_lazy("Messages like it were learned to want this."),
    "about": gettext_lazy("It seems to be about the category %(category)s."),
    "lacking": gettext_lazy("The person does not have or want: %(words)s."),
    "refused": gettext_lazy("It seems not to want the category %(category)s."),
    "rough": gettext_lazy("The analyser was not ready in time: the message was read roughly."),
    "nothing_special": gettext_lazy("Nothing in it stands out, so it asks for challenges."),
}

_MENTIONS: Mapping[str, Promise] = {
    "name": gettext_lazy("%(words)s names the category %(category)s"),
    "typo": gettext_lazy("%(words)s looks like the misspelt category %(category)s"),
    "keyword": gettext_lazy("%(words)s is a keyword of the category %(category)s"),
}
"""How a message mentions a category."""

_ROLES: Mapping[str, Promise] = {
    "wanted": gettext_lazy("it is wanted"),
    "lacking": gettext_lazy("The person does not have or want: %(words)s."),
    "refused": gettext_lazy("it is not wanted"),
    "past": gettext_lazy("it is spoken of as past"),
    "told": gettext_lazy("it is told, not wished for"),
    "of_others": gettext_lazy("it is said of other people"),
    "missing": gettext_lazy("it is said to be missing"),
}
"""What the person says about the category."""


def reason_text(reason: Mapping[str, Any], labels: Labels) -> str:
    """A reason as a sentence. An unknown code is shown unchanged."""
    code = str(reason.get("code", ""))
    known_by, _underscore, role = code.partition("_")
    if code in _SENTENCES:
        pattern = str(_SENTENCES[code])
    elif known_by in _MENTIONS and role in _ROLES:
        pattern = _("%(mention)s: %(role)s.") % {"mention": _MENTIONS[known_by], "role": _ROLES[role]}
    else:
        return " ".join([code, *_words(reason)])
    return pattern % {
        "words": ", ".join(_("“%(word)s”") % {"word": word} for word in _words(reason)),
        "title": reason.get("title", ""),
        "facet": facet_label(str(reason.get("facet", ""))),
        **{kind: named.get(str(reason.get(kind)), reason.get(kind, "")) for kind, named in labels.items()},
    }


def _words(reason: Mapping[str, Any]) -> list[str]:
    words = reason.get("words")
    return [str(word) for word in words] if isinstance(words, list) else []
