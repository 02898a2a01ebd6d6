"""Trials: the two sides, the message, its understanding, and the report of each side."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from chatbot.admin.labels import all_labels, kind_label, mends_text, reason_text
from chatbot.admin.studio.protocol import text_in
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.dialogue.message import LONGEST_MESSAGE, SHORTEST_MESSAGE
from chatbot.errors import ApplicationError
from chatbot.evaluation import trial
from chatbot.generation.job import Job
from chatbot.models import Enforcement, Generation, Intent, Outcome, PromptTemplate, PromptVersion
from chatbot.prompts.content import Prompt, PromptContent
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.drafts import draft_of

DRAFT, LIVE = "draft", "live"

FIRST_MESSAGE = "더 쉬운 거 없어?"
"""The default message of a trial."""

SHOWN_RAW = 4000


def side(template: PromptTemplate, name: str) -> Prompt:
    """The prompt for ``draft``, ``live`` or the number of a version. Raises Http404."""
    if name == DRAFT:
        return Prompt.of_draft(template, PromptContent.of(draft_of(template)))
    return Prompt.of(version_of(template, name))


def version_of(template: PromptTemplate, name: str) -> PromptVersion:
    """The live version, or the one with this number. Raises Http404."""
    versions = PromptVersion.objects.filter(template=template).select_related("template", "author")
    if name == LIVE:
        return get_object_or_404(versions, pk=template.live_version_id)
    if not (name.isascii() and name.isdecimal() and len(name) < 10):
        raise Http404(name)
    return get_object_or_404(versions, number=int(name))


def side_label(template: PromptTemplate, name: str, prompt: Prompt) -> str:
    if name == DRAFT:
        return _("Draft")
    if prompt.version_id == template.live_version_id:
        return _("%(version)s (live)") % {"version": prompt.name}
    return prompt.name


def answers_messages(template: PromptTemplate) -> bool:
    contract = TEMPLATES.get(template.key)
    return contract is not None and contract.answers_a_message


def checked(message: str) -> str:
    """The message in its stored form. Raises ApplicationError for a message that the API refuses."""
    try:
        return FreeTextRequest(message).checked().message or ""
    except ApplicationError:  # its text is for clients of the API
        words = _("A message has %(least)s to %(most)s visible characters.")
        raise ApplicationError(422, words % {"least": SHORTEST_MESSAGE, "most": LONGEST_MESSAGE}) from None


def message_in(body: Mapping[str, Any], template: PromptTemplate) -> str:
    """The message in a script's request; "" for a template that answers no messages. Raises ApplicationError."""
    return checked(text_in(body, "message", "")) if answers_messages(template) else ""


def understood(job: Job) -> dict[str, Any]:
    """The understanding of the message, its reasons, and whether a model is used."""
    note = job.note
    if not note.message:
        return {"intent": "", "reasons": [], "withoutModel": ""}
    named = all_labels()
    fixed = _("No model is asked: insults, danger and attempts to change the rules are answered in fixed words.")
    return {
        "intent": _("Understood: %(intent)s") % {"intent": Intent(note.intent).label},
        "reasons": [reason_text(reason, named) for reason in note.reasons],
        "withoutModel": fixed if trial.asks_no_model(job) else "",
    }


def trial_report(generation: Generation) -> dict[str, Any]:
    """The report of one side."""
    answer = generation.answer
    return {
        "running": generation.outcome == Outcome.RUNNING,
        "outcome": str(Outcome(generation.outcome).label),
        "error": generation.error,
        "source": generation.source,
        "errors": [entry["error"] for entry in generation.tried if entry["error"]],
        "kept": str(Enforcement(generation.enforcement).label) if answer else "–",
        "kind": kind_label(answer) if answer and "message" in generation.variables else "",
        "mends": mends_text(generation.mends) or _("nothing"),
        "tokensIn": generation.tokens_in,
        "tokensOut": generation.tokens_out,
        "firstTokenMs": generation.first_token_ms,
        "durationMs": generation.duration_ms,
        "raw": generation.raw_text[:SHOWN_RAW],
    }
