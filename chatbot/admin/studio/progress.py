"""How trials and checks went, as the studio's scripts show it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from challenges.catalog import options
from chatbot.admin.columns import moment
from chatbot.admin.labels import active_labels, kind_label, mends_text
from chatbot.admin.studio.words import reason_text, selection_text, stale_text
from chatbot.models import CheckStatus, Enforcement, Generation, Outcome, PromptCheck, PromptTemplate, SampleRun
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import draft_of
from chatbot.prompts.gate import fingerprint, holds
from chatbot.providers.configured import provider_names

SHOWN_RAW = 4000


def trial_report(generation: Generation) -> dict[str, Any]:
    """How one side of a comparison went."""
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


def check_progress(template: PromptTemplate, check: PromptCheck) -> dict[str, Any]:
    """How far a check is, and what came of each sample. A constant number of queries."""
    runs = list(SampleRun.objects.filter(check_run=check))
    names = active_labels(options.get())
    status = CheckStatus.INTERRUPTED if check.lost else CheckStatus(check.status)
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
        "runs": [_run(run, names) for run in runs],
    }


def _run(run: SampleRun, names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    return {
        "position": run.position,
        "name": selection_text(run.expected, names),
        "ended": run.ended,
        "passed": run.ended and not run.reasons,
        "reasons": [reason_text(reason) for reason in run.reasons],
        "answer": run.answer,
        "kind": kind_label(run.answer) if run.answer and run.expected.get("message") else "",
        "raw": run.raw_text[:SHOWN_RAW],
        "mends": mends_text(run.report.get("mends", {})) or _("nothing"),
        "firstTokenMs": run.report.get("firstTokenMs"),
        "durationMs": run.report.get("durationMs"),
    }
