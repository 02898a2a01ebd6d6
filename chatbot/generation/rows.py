"""Writes the rows of generations at their start and end. Simultaneous writes share a transaction."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Field, QuerySet

from chatbot.cluster.heartbeat import THIS_PROCESS
from chatbot.db.errors import give_back, is_gone, is_locked
from chatbot.errors import NotOwner
from chatbot.executors import BatchExecutor, one_by_one
from chatbot.generation.job import Job
from chatbot.models import Enforcement, Generation, Outcome, Purpose
from chatbot.sessions.memory import note_given
from chatbot.sessions.ownership import Ownership
from chatbot.sessions.store import NewTurn, add_turns


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a generation.

    ``source`` is the provider that wrote most of the answer. ``raw`` is the providers' text. ``mends`` counts the
    corrections by their names in the composer. Times are in milliseconds.
    """

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
    """The rows that a request writes: a new generation, and the turn of a session. Each may be None."""

    generation: Generation | None
    turn: NewTurn | None


@dataclass(frozen=True, slots=True)
class GenerationEnd:
    """The end of a generation. ``event_count`` is the number of the terminal event."""

    generation_id: uuid.UUID
    result: Result
    purpose: Purpose
    event_count: int


class GenerationGone(Exception):
    """The generation is no longer in the database, because the session that started it was erased."""


def row_of(generation_id: uuid.UUID, job: Job) -> Generation:
    """The row of the generation at its start."""
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
        process=THIS_PROCESS,
    )


def running_processes() -> set[str]:
    """The names of other processes that have rows of running generations. Synchronous."""
    try:
        return {*_running().values_list("process", flat=True).distinct()} - {THIS_PROCESS}
    finally:
        give_back()


def mark_interrupted(processes: set[str] | None = None) -> None:
    """Marks running rows of dead processes as interrupted. None means the rows of all processes. Synchronous."""
    try:
        _end_rows(_running() if processes is None else _running().filter(process__in=processes))
    finally:
        give_back()


def read_rows(orphans: Sequence[uuid.UUID], others: Sequence[uuid.UUID]) -> dict[uuid.UUID, Generation]:
    """Reads the rows of both lists. Synchronous.

    The processes of ``orphans`` have died: their running rows are marked as interrupted before.
    """
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
            written = [_ownership_of(each.turn, rows, gone) for each in several]
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
            raise  # ends the whole batch: each item would wait for the database again
        return one_by_one(write_one, starts, slow=is_locked)


def _ownership_of(
    turn: NewTurn | None, rows: Mapping[str, Ownership], gone: Collection[uuid.UUID]
) -> Ownership | Exception:
    """The ownership of the turn's session, or the error for its request. Without a turn, an empty ownership."""
    if turn is None:
        return Ownership()
    if turn.generation_id in gone:
        return GenerationGone()
    row = rows[turn.key]
    return NotOwner() if turn.access.is_refused_by(row) else row


def _lock(joined: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any] | None]:
    """Locks the rows of generations that sessions join, and returns their answers (None while they run).

    The lock keeps the rows from ending or being erased until the turns are written. Otherwise neither transaction might
    store the given titles.
    """
    if not joined:
        return {}
    rows = Generation.objects.select_for_update().filter(pk__in=joined).order_by("pk")
    return dict(rows.values_list("pk", "answer"))


def _write_ends(ends: Sequence[GenerationEnd]) -> Sequence[Exception | None]:
    def write(several: Sequence[GenerationEnd]) -> None:
        ordered = sorted(several, key=lambda end: end.generation_id)  # the same order as in ``_lock``
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_update(), [_parameters(end) for end in ordered])
            note_given({end.generation_id: end.result.answer for end in ordered if end.purpose is Purpose.PUBLIC})

    try:
        try:
            write(ends)
        except Exception as error:  # drivers raise various errors for values that they refuse
            if is_gone(error):
                raise
            return one_by_one(lambda end: write([end]), ends, slow=is_locked)
        return [None] * len(ends)
    finally:
        give_back()  # this does not run in a request, so Django does not do it


record_start = BatchExecutor(_write_starts)
"""``await record_start(start)`` writes the rows, and returns the ownership of the turn's session. Raises NotOwner and
GenerationGone."""

record_end = BatchExecutor(_write_ends)
"""``await record_end(end)`` writes the row."""


def _update() -> str:
    """The SQL statement that ends a row. The ORM takes longer to build it than the database takes to run it."""
    columns = ", ".join(f"{name} = %s" for name in _END_FIELDS)
    return f"UPDATE {Generation._meta.db_table} SET {columns} WHERE id = %s"  # noqa: S608  our own column names


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
