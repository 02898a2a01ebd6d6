"""The rows of a generation: one when it starts, written again when it ends; those of many generations together."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Field

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


@dataclass(frozen=True, slots=True)
class GenerationStart:
    """What is written when something is asked: the row of a generation that is new, the turn of a session."""

    generation: Generation | None
    turn: NewTurn | None


@dataclass(frozen=True, slots=True)
class GenerationEnd:
    """How a generation came out. ``event_count`` is the number of its terminal event."""

    generation_id: uuid.UUID
    result: Result
    purpose: Purpose
    event_count: int


def row_of(generation_id: uuid.UUID, commission: Job) -> Generation:
    """The generation's row as it begins."""
    request, selection = commission.request, commission.request.selection
    return Generation(
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
        process=ME,
    )


class GenerationGone(Exception):
    """The generation that was joined is not in the database any more: the session that began it was forgotten."""


def _write_beginnings(beginnings: Sequence[GenerationStart]) -> Sequence[Ownership | Exception]:
    def write(several: Sequence[GenerationStart]) -> list[Ownership | Exception]:
        with transaction.atomic():
            joined = {each.turn.generation_id for each in several if each.turn and each.generation is None}
            answers = _lock(joined)
            gone = joined - set(answers)
            turns = [each.turn for each in several if each.turn and each.turn.generation_id not in gone]
            rows = add_turns(turns) if turns else {}
            written = [_entered(each.turn, rows, gone) for each in several]
            began = [it.generation for it, row in zip(several, written, strict=True) if isinstance(row, Ownership)]
            Generation.objects.bulk_create([generation for generation in began if generation is not None])
            note_given(answers)
        return written

    def write_one(beginning: GenerationStart) -> Ownership:
        (written,) = write([beginning])
        if isinstance(written, Exception):
            raise written
        return written

    try:
        return write(beginnings)
    except DatabaseError as error:
        if is_gone(error):
            raise  # for all of them: each would wait for it anew
        return one_by_one(write_one, beginnings, slow=is_locked)


def _entered(turn: NewTurn | None, rows: Mapping[str, Ownership], gone: Collection[uuid.UUID]) -> Ownership | Exception:
    """Whose the turn's session is; without a turn, nobody's."""
    if turn is None:
        return Ownership()
    if turn.generation_id in gone:
        return GenerationGone()
    row = rows[turn.key]
    return NotOwner() if turn.entry.is_refused_by(row) else row


def _lock(joined: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any] | None]:
    """The answers, as far as they are written, of generations that sessions join. Until the turns are there, too,
    their rows stay and wait to be ended: else a title that is given now might be noted for neither."""
    if not joined:
        return {}
    rows = Generation.objects.select_for_update().filter(pk__in=joined).order_by("pk")
    return dict(rows.values_list("pk", "answer"))


def _write_endings(endings: Sequence[GenerationEnd]) -> Sequence[Exception | None]:
    def write(several: Sequence[GenerationEnd]) -> None:
        ordered = sorted(several, key=lambda ending: ending.generation_id)  # as those who join lock them
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(_update(), [_parameters(ending) for ending in ordered])
            note_given({ending.generation_id: ending.result.answer for ending in ordered if _is_public(ending)})

    try:
        try:
            write(endings)
        except Exception as error:  # drivers refuse some values with errors of their own
            if is_gone(error):
                raise
            return one_by_one(lambda ending: write([ending]), endings, slow=is_locked)
        return [None] * len(endings)
    finally:
        give_back()  # this runs behind its requests, whose end would do it otherwise


def _is_public(ending: GenerationEnd) -> bool:
    return ending.purpose is Purpose.PUBLIC


record_start = BatchExecutor(_write_beginnings)
"""``await record_start(beginning)``: when its rows are written, whose the turn's session is. Raises NotOwner,
GenerationGone."""

record_end = BatchExecutor(_write_endings)
"""``await record_end(ending)``: returns when its row is written."""


def _update() -> str:
    """The statement that writes an ending. Not built by the ORM, which takes longer for it than the database does."""
    columns = ", ".join(f"{name} = %s" for name in _ENDING)
    return f"UPDATE {Generation._meta.db_table} SET {columns} WHERE id = %s"  # noqa: S608  names of ours


def _parameters(ending: GenerationEnd) -> list[Any]:
    result = ending.result
    keep_raw = settings.LEAFRESH_KEEP_RAW or ending.purpose is not Purpose.PUBLIC
    others = {
        "error": result.error[:300],
        "raw_text": result.raw if keep_raw else "",
        "event_count": ending.event_count,
    }
    values = [others[name] if name in others else getattr(result, name) for name in _ENDING]
    written = [_column(name).get_db_prep_save(value, connection) for name, value in zip(_ENDING, values, strict=True)]
    return [*written, _column("id").get_db_prep_save(ending.generation_id, connection)]


_ENDING = (  # fields of ``Generation``, and their columns
    *("outcome", "answer", "error", "source", "tried", "enforcement", "mends", "tokens_in", "tokens_out"),
    *("raw_text", "event_count", "first_token_ms", "duration_ms"),
)


def _column(name: str) -> "Field[Any, Any]":
    field = Generation._meta.get_field(name)
    assert isinstance(field, Field)
    return field
