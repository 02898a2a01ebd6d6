"""How a draft stands, as the editor shows it while one types."""

from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from challenges.catalog import Options, Selection
from chatbot.admin.columns import moment
from chatbot.admin.studio.markup import difference_html, rendered_html
from chatbot.admin.studio.words import problem_text, stale_text
from chatbot.answers.schema import utf16_length
from chatbot.generation.job import Job, values_for
from chatbot.models import CheckStatus, PromptDraft, PromptTemplate
from chatbot.prompts.content import PromptContent
from chatbot.prompts.contracts import TEMPLATES, TemplateContract, output_format
from chatbot.prompts.diff import differences
from chatbot.prompts.gate import fingerprint, holds, last_check
from chatbot.prompts.rendering import Problem, segments
from chatbot.providers.configured import provider_names

SHOWN_PROBLEMS = 20


def draft_state(template: PromptTemplate, draft: PromptDraft) -> dict[str, Any]:
    """Revision, editor, problems with their places, and how the gate stands."""
    contract = TEMPLATES[template.key]
    content = PromptContent.of(draft)
    problems = list(islice(content.problems(contract), SHOWN_PROBLEMS))
    return {
        "revision": draft.revision,
        "editedBy": str(draft.edited_by or ""),
        "editedAt": moment(draft.edited_at),
        "changed": template.live_version is None or template.live_version.content_hash != content.hash,
        "length": len(content.system_text) + len(content.user_text),
        "limit": contract.max_length,
        "problems": [_problem(problem, contract, content) for problem in problems],
        "gate": gate_state(template, content, problems),
    }


def _problem(problem: Problem, contract: TemplateContract, content: PromptContent) -> dict[str, Any]:
    """A problem with its place: line and column from 1, and offsets as JavaScript counts them."""
    text = getattr(content, problem.field) if problem.field in {"system_text", "user_text"} else ""
    before = text[: problem.start]
    return {
        "field": problem.field,
        "text": problem_text(problem, contract),
        "line": before.count("\n") + 1 if problem.end else None,
        "column": problem.start - (before.rfind("\n") + 1) + 1,
        "start": utf16_length(before),
        "end": utf16_length(text[: problem.end]),
    }


def gate_state(template: PromptTemplate, content: PromptContent, problems: list[Problem]) -> dict[str, Any]:
    """Whether the content may be published, and what is missing: ``state`` is ``problems``, ``unchanged``, ``none``,
    ``running``, ``stale``, ``open`` or ``shut``."""
    check = last_check(template, content.hash)
    sources = provider_names(model=content.model)
    bound = fingerprint(template, content, sources)
    state, words = "none", _("Not checked yet.")
    if problems:
        state, words = "problems", _("Correct the problems first.")
    elif template.live_version is not None and template.live_version.content_hash == content.hash:
        state, words = "unchanged", _("The draft is the same as what is live.")
    elif check is not None and check.status == CheckStatus.RUNNING and not check.lost:
        state, words = "running", _("The check is running.")
    elif check is not None and not holds(check, bound):
        state, words = "stale", stale_text(check, bound)
    elif check is not None and check.status == CheckStatus.PASSED:
        state, words = "open", _("This exact text passed its check.")
    elif check is not None:
        status = CheckStatus.INTERRUPTED if check.lost else CheckStatus(check.status)
        state, words = "shut", _("The check: %(status)s.") % {"status": status.label}
    return {"state": state, "text": words, "check": check.pk if check else None, "sources": " → ".join(sources)}


def preview(content: PromptContent, ordered: Job) -> dict[str, str]:
    """What would be sent to the model for what is ordered, as HTML with the values marked."""
    values = values_for(ordered.variables, output_format=output_format(ordered.request.kind))
    return {
        "system": rendered_html(segments(content.system_text, values)),
        "user": rendered_html(segments(content.user_text, values)),
    }


def conflict(draft: PromptDraft, mine: PromptContent) -> dict[str, Any]:
    """What the second of two editors sees: whose change it is, and how it differs from the own text."""
    theirs = PromptContent.of(draft)
    return {
        "revision": draft.revision,
        "editedBy": str(draft.edited_by or _("an import")),
        "editedAt": moment(draft.edited_at),
        "theirs": {
            "system_text": theirs.system_text,
            "user_text": theirs.user_text,
            "model": theirs.model,
            "temperature": theirs.temperature,
            "max_tokens": theirs.max_tokens,
        },
        "differences": {
            "system": difference_html(differences(theirs.system_text, mine.system_text)),
            "user": difference_html(differences(theirs.user_text, mine.user_text)),
        },
    }


def first_selection(known: Options) -> Selection | None:
    """What a preview begins with; None when nothing can be picked."""
    kinds = (known.locations, known.work_types, known.categories)
    if not all(kinds):
        return None
    return Selection(*(next(iter(kind.values())) for kind in kinds))
