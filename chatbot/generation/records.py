"""The rows of a generation: written at its start and its end, for many generations together."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Field, QuerySet

from chatbot.cluster.heartbeat import ME
from chatbot.db.batching import BatchExecutor, one_by_one
from chatbot.db.errors import give_back, is_gone, is_locked
from chatbot.errors import NotOwner
from chatbot.generation.job import Job
from chatbot.models import Enforcement, Generation, Outcome, Purpose
from chatbot.sessions.memory import note_given
from chatbot.sessions.ownership import Ownership
from chatbot.sessions.store import NewTurn, add_turns


@dataclass(frozen=True, slots=True)
class Result:
    """How a generation ended. ``source`` is the provider that wrote (most of) it, ``raw`` what the providers wrote.
    ``mends`` counts by the composer's names. Times are in milliseconds."""

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


@dataclass(frozen=True, slots=True)
class GenerationStart:
    """What a request writes: the row of a new generation, the turn of a session."""

    generation: Generation | None
    turn: NewTurn | None


@dataclass(frozen=True, slots=True)
class GenerationEnd:
    """``event_count`` is the number of the terminal event."""

    generation_id: uuid.UUID
    result: Result
    purpose: Purpose
    event_count: int


class GenerationGone(Exception):
    """The generation is not in the database any more: the session that started it was forgotten."""


def row_of(generation_id: uuid.UUID, job: Job) -> Generation:
    """The generation's row at its start."""
    return Generation(
        id=generation_id,
        prompt_version_id=job.prompt.version_id,
        purpose=job.purpose,
        variables=dict(job.variables),
        source=job.providers[0].name,
        location=job.selection.location.key,
        work_type=job.selection.work_type.key,
        category=job.selection.category.key,
        system_prompt=job.system_prompt,
        user_prompt=job.user_prompt,
        seed=job.seed,
        process=ME,
    )


def running_processes() -> set[str]:
    """The other processes that have rows of running generations. Synchronous."""
    try:
        return {*_running().values_list("process", flat=True).distinct()} - {ME}
    finally:
        give_back()


def mark_interrupted(processes: set[str] | None = None) -> None:
    """Ends the rows of running generations of these processes, which are dead; of all processes for None.
    Synchronous."""
    try:
        _end_rows(_running() if processes is None else _running().filter(process__in=processes))
    finally:
        give_back()


def read_rows(orphans: Sequence[uuid.UUID], others: Sequence[uuid.UUID]) -> dict[uuid.UUID, Generation]:
    """The rows of both lists. Running rows of ``orphans``, whose processes died, are marked as interrupted first.
    Synchronous."""
    try:
        if orphans:
            _end_rows(_running().filter(pk__in=orphans))
        return Generation.objects.in_bulk([*orphans, *others])
    finally:
        give_back()


def _running() -> QuerySet[Generation]:
    return Generation.objects.filter(outcome=Outcome.RUNNING)


def _end_rows(rows: QuerySet[Generation]) -> None:
    rows.update(outcome=Outcome.INTERRUPTED, event_count=0, error="The server ended while it ran.")


def _write_starts(starts: Sequence[GenerationStart]) -> Sequence[Ownership | Exception]:
    def write(several: Sequence[GenerationStart]) -> list[Ownership | Exception]:
        with transaction.atomic():
            joined = {each.turn.generation_id for each in several if each.turn and each.generation is None}
            answers = _lock(joined)
            gone = joined - set(answers)
            turns = [each.turn for each in several if each.turn and each.turn.generation_id not in gone]
            rows = add_turns(turns) if turns else {}
            written = [_entered(each.turn, rows, gone) for each in several]
            started = [it.generation for it, row in zip(several, written, strict=True) if isinstance(row, Ownership)]
            Generation.objects.bulk_create([generation for generation in started if generation is not None])
            note_given(answers)
        return written

    def write_one(start: GenerationStart) -> Ownership:
        (written,) = write([start])
        if isinstance(written, Exception):
            raise written
        return written

    try:
        return write(starts)
    except DatabaseError as error:
        if is_gone(error):
            raise  # for all of them: each would wait for the database again
        return one_by_one(write_one, starts, slow=is_locked)


def _entered(turn: NewTurn | None, rows: Mapping[str, Ownership], gone: Collection[uuid.UUID]) -> Ownership | Exception:
    """The ownership of the turn's session; an empty one without a turn."""
    if turn is None:
        return Ownership()
    if turn.generation_id in gone:
        return GenerationGone()
    row = rows[turn.key]
    return NotOwner() if turn.entry.is_refused_by(row) else row


def _lock(joined: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any] | None]:
    """The answers, as far as they are written, of generations that sessions join. Their rows stay, and do not end,
    until the turns are written: else a title that is given now might be noted for neither."""
    if not joined:
        return {}
    rows = Generation.objects.select_for_update().filter(pk__in=joined).order_by("pk")
    return dict(rows.values_list("pk", "answer"))


def _write_ends(ends: Sequence[GenerationEnd]) -> Sequence[Exception | None]:
    def write(several: Sequence[GenerationEnd]) -> None:
        ordered = sorted(several, key=lambda end: end.generation_id)  # the order in which ``_lock`` locks
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_update(), [_parameters(end) for end in ordered])
            note_given({end.generation_id: end.result.answer for end in ordered if end.purpose is Purpose.PUBLIC})

    try:
        try:
            write(ends)
        except Exception as error:  # drivers have other errors for values that they refuse
            if is_gone(error):
                raise
            return one_by_one(lambda end: write([end]), ends, slow=is_locked)
        return [None] * len(ends)
    finally:
        give_back()  # no request ends after this, which would do it


record_start = BatchExecutor(_write_starts)
"""``await record_start(start)`` returns the ownership of the turn's session when the rows are written. Raises NotOwner
and GenerationGone."""

record_end = BatchExecutor(_write_ends)
"""``await record_end(end)`` returns when the row is written."""


def _update() -> str:
    """The statement that ends a row. The ORM takes longer to build it than the database to do it."""
    columns = ", ".join(f"{name} = %s" for name in _END_FIELDS)
    return f"UPDATE {Generation._meta.db_table} SET {columns} WHERE id = %s"  # noqa: S608  names of ours


def _parameters(end: GenerationEnd) -> list[Any]:
    keep_raw = settings.LEAFRESH_KEEP_RAW or end.purpose is not Purpose.PUBLIC
    others = {
        "error": end.result.error[:300],
        "raw_text": end.result.raw if keep_raw else "",
        "event_count": end.event_count,
    }
    values = [others[name] if name in others else getattr(end.result, name) for name in _END_FIELDS]
    written = [
        _column(name).get_db_prep_save(value, connection) for name, value in zip(_END_FIELDS, values, strict=True)
    ]
    return [*written, _column("id").get_db_prep_save(end.generation_id, connection)]


_END_FIELDS = (  # fields of ``Generation``, which are its columns
    *("outcome", "answer", "error", "source", "tried", "enforcement", "mends", "tokens_in", "tokens_out"),
    *("raw_text", "event_count", "first_token_ms", "duration_ms"),
)


def _column(name: str) -> "Field[Any, Any]":
    field = Generation._meta.get_field(name)
    assert isinstance(field, Field)
    return field
