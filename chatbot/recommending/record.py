"""The rows of a generation: one when it starts, written again when it ends. Synchronous: callers run it in a thread."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from chatbot.conversation.sessions import begin_turn
from chatbot.models import Enforcement, Generation, Outcome, Purpose
from chatbot.recommending.commission import Commission


@dataclass(frozen=True, slots=True)
class Result:
    """How a generation came out. ``source`` wrote (most of) it, ``raw`` is what the sources wrote, ``mends`` counts by
    the composer's names; times are in milliseconds."""

    outcome: Outcome
    answer: dict[str, object] | None
    error: str
    source: str
    tried: list[dict[str, Any]]
    enforcement: Enforcement
    mends: dict[str, int]
    tokens_in: int | None
    tokens_out: int | None
    raw: str
    first_token_ms: int | None
    duration_ms: int


def record_start(generation_id: uuid.UUID, commission: Commission, session_id: str | None) -> None:
    """Writes the generation's row, and its turn when it belongs to a session."""
    request, selection = commission.request, commission.request.selection
    Generation(
        id=generation_id,
        prompt_version_id=commission.prompt.version_id,
        purpose=commission.purpose,
        variables=dict(commission.variables),
        source=commission.sources[0].name,
        location=selection.location.key,
        work_type=selection.work_type.key,
        category=selection.category.key,
        system_prompt=request.system_prompt,
        user_prompt=request.user_prompt,
        seed=request.seed,
    ).save(force_insert=True)
    if session_id is not None:
        begin_turn(session_id, generation_id, commission.note)


def record_end(generation_id: uuid.UUID, result: Result, *, purpose: Purpose, event_count: int) -> None:
    """Writes how the generation came out. ``event_count`` is the number of its terminal event."""
    keep_raw = settings.LEAFRESH_KEEP_RAW or purpose is not Purpose.PUBLIC
    try:
        Generation.objects.filter(pk=generation_id).update(
            outcome=result.outcome,
            answer=result.answer,
            error=result.error[:300],
            source=result.source,
            tried=result.tried,
            enforcement=result.enforcement,
            mends=result.mends,
            tokens_in=result.tokens_in,
            tokens_out=result.tokens_out,
            raw_text=result.raw if keep_raw else "",
            event_count=event_count,
            first_token_ms=result.first_token_ms,
            duration_ms=result.duration_ms,
        )
    finally:
        close_old_connections()  # this runs behind its request, whose end would do it otherwise
