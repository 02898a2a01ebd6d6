"""The state of a draft and of its check for the editor, while a person types."""

from dataclasses import asdict
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from challenges.catalog import options
from chatbot.admin.columns import moment
from chatbot.admin.labels import Labels, active_labels, kind_label, mends_text
from chatbot.admin.studio.trials import SHOWN_RAW
from chatbot.admin.studio.wording import (
    content_differences,
    failure_text,
    problem_text,
    rendered_html,
    selection_text,
    stale_text,
)
from chatbot.answers.rules import utf16_length
from chatbot.dialogue.base_info import values_for
from chatbot.generation.job import Job
from chatbot.models import CheckStatus, PromptCheck, PromptDraft, PromptTemplate, SampleRun
from chatbot.prompts.content import PromptContent, segments
from chatbot.prompts.contracts import TEMPLATES, TemplateContract, output_format
from chatbot.prompts.drafts import draft_of
from chatbot.prompts.gate import fingerprint, holds, last_check
from chatbot.prompts.problems import Problem
from chatbot.providers.configured import provider_names

SHOWN_PROBLEMS = 20


def draft_state(template: PromptTemplate, draft: PromptDraft) -> dict[str, Any]:
    """Revision, editor, problems with their places, and the state of the gate."""
    contract = TEMPLATES[template.key]
    content = PromptContent.of(draft)
    problems = list(islice(content.problems(contract), SHOWN_PROBLEMS))
    return {
        "revision": draft.revision,
        "editedBy": str(draft.edited_by or ""),
        "editedAt": moment(draft.edited_at),
        "changed": _is_changed(template, content),
        "length": len(content.system_text) + len(content.user_text),
        "limit": contract.max_length,
        "problems": [_problem(problem, contract, content) for problem in problems],
        "gate": _gate_state(template, content, problems),
    }


def _problem(problem: Problem, contract: TemplateContract, content: PromptContent) -> dict[str, Any]:
    """A problem with its place: line and column from 1, and offsets in UTF-16 units for JavaScript."""
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


def _gate_state(template: PromptTemplate, content: PromptContent, problems: list[Problem]) -> dict[str, Any]:
    """Whether the content may be published, or what is missing.

    ``state`` is ``problems``, ``unchanged``, ``none``, ``running``, ``stale``, ``open`` or ``shut``.
    """
    check = last_check(template, content.hash)
    now = fingerprint(template, content, provider_names(model=content.model))
    if problems:
        state, words = "problems", _("Correct the problems first.")
    elif not _is_changed(template, content):
        state, words = "unchanged", _("The draft is the same as what is live.")
    elif check is None:
        state, words = "none", _("Not checked yet.")
    elif _status(check) == CheckStatus.RUNNING:
        state, words = "running", _("The check is running.")
    elif not holds(check, now):
        state, words = "stale", stale_text(check, now)
    elif check.status == CheckStatus.PASSED:
        state, words = "open", _("This exact text passed its check.")
    else:
        state, words = "shut", _("The check: %(status)s.") % {"status": _status(check).label}
    return {"state": state, "text": words, "check": check.pk if check else None, "sources": now.sources}


def _is_changed(template: PromptTemplate, content: PromptContent) -> bool:
    return template.live_version is None or template.live_version.content_hash != content.hash


def _status(check: PromptCheck) -> CheckStatus:
    return CheckStatus.INTERRUPTED if check.lost else CheckStatus(check.status)


def preview(content: PromptContent, job: Job) -> dict[str, str]:
    """The prompt of the job as HTML with the values marked."""
    values = values_for(job.variables, output_format=output_format(job.kind))
    return {
        "system": rendered_html(segments(content.system_text, values)),
        "user": rendered_html(segments(content.user_text, values)),
    }


def conflict(draft: PromptDraft, mine: PromptContent) -> dict[str, Any]:
    """The data for the second of two editors: who made the first change, and how it differs from the second text."""
    theirs = PromptContent.of(draft)
    return {
        "revision": draft.revision,
        "editedBy": str(draft.edited_by or _("an import")),
        "editedAt": moment(draft.edited_at),
        "theirs": asdict(theirs),
        "differences": content_differences(theirs, mine),
    }


def check_progress(template: PromptTemplate, check: PromptCheck) -> dict[str, Any]:
    """The progress of a check, and the result of each sample. A constant number of queries."""
    runs = list(SampleRun.objects.filter(check_run=check))
    named = active_labels(options.get())
    status = _status(check)
    content = PromptContent.of(draft_of(template))
    now = fingerprint(template, content, provider_names(model=content.model))
    return {
        "id": check.pk,
        "status": status,
        "statusText": str(status.label),
        "running": status == CheckStatus.RUNNING,
        "startedBy": str(check.started_by or "–"),
        "startedAt": moment(check.started_at),
        "sources": check.sources,
        "stale": "" if holds(check, now) else stale_text(check, now),
        "done": sum(run.ended for run in runs),
        "failed": sum(bool(run.reasons) for run in runs),
        "total": len(runs),
        "runs": [_run(run, named) for run in runs],
    }


def _run(run: SampleRun, named: Labels) -> dict[str, Any]:
    return {
        "position": run.position,
        "name": selection_text(run.expected, named),
        "ended": run.ended,
        "passed": run.ended and not run.reasons,
        "reasons": [failure_text(reason) for reason in run.reasons],
        "answer": run.answer,
        "kind": kind_label(run.answer) if run.answer and run.expected.get("message") else "",
        "raw": run.raw_text[:SHOWN_RAW],
        "mends": mends_text(run.report.get("mends", {})) or _("nothing"),
        "firstTokenMs": run.report.get("firstTokenMs"),
        "durationMs": run.report.get("durationMs"),
    }
