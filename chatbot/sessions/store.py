"""Reading and writing sessions. Synchronous: callers run it in a thread."""

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from challenges.catalog import Options, options
from chatbot.errors import FieldRequired, MalformedSessionId, UnknownTurn
from chatbot.models import Turn
from chatbot.sessions import feedback
from chatbot.sessions.entering import Entered, enter_sessions
from chatbot.sessions.memory import Memory, Note, recall
from chatbot.sessions.notices import of_turn
from chatbot.sessions.ownership import Entry, Ownership, is_checked
from chatbot.sessions.retention import cutoff, lasting

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}")


def session_key(text: str | None) -> str:
    """The session's key: what the client sent, or a new one. Raises MalformedSessionId."""
    if text is None or text == "":
        return uuid.uuid4().hex
    if not _VISIBLE_ASCII.fullmatch(text):
        raise MalformedSessionId
    return text


def existing_key(text: str | None) -> str:
    """The key of a session that must have been there before. Raises FieldRequired, MalformedSessionId."""
    if not (text or "").strip():
        raise FieldRequired("sessionId")
    return session_key(text)


def remembered(keys: Collection[str]) -> dict[str, Memory]:
    """What is remembered of each session; of expired ones only whose they are: they begin again when a turn is added.
    One SQL statement."""
    memories = recall(keys)
    for key, memory in memories.items():
        if memory.active_at is not None and memory.active_at < cutoff():
            memories[key] = Memory(ownership=memory.ownership)
    return {key: memories.get(key, Memory()) for key in keys}


@dataclass(frozen=True, slots=True)
class NewTurn:
    """What a session asks of a generation, and what that leaves in the session."""

    key: str
    generation_id: uuid.UUID
    note: Note
    entry: Entry = field(default_factory=Entry)


def add_turns(asked: Sequence[NewTurn]) -> dict[str, Ownership]:
    """Notes what sessions ask, in this order: of one generation once, however often. A session is made if it is not
    there (any more), and then belongs to the first that enters it. Returns whose the sessions are, by their keys; what
    they refuse changes nothing. Two SQL statements, and more where several clients enter one session."""
    of_owners: dict[tuple[str, str], Entered] = {}
    for turn in asked:
        it = of_owners.setdefault((turn.key, turn.entry.owner), Entered(turn.entry))
        it.columns.update(turn.note.remembered())
        if turn.entry.bound and not it.entry.bound:
            it.entry = turn.entry
    entering: dict[str, list[Entered]] = {}
    for (key, _), it in sorted(of_owners.items(), key=lambda item: not item[1].entry.bound):
        entering.setdefault(key, []).append(it)  # who shows who it is comes first
    with transaction.atomic(savepoint=False):
        rows = enter_sessions(entering)
        entered = [it for it in asked if not it.entry.is_refused_by(rows[it.key])]
        turns = [_turn_of(it, rows[it.key]) for it in entered]
        Turn.objects.bulk_create(turns, ignore_conflicts=True)
    return rows


def _turn_of(asked: NewTurn, row: Ownership) -> Turn:
    by_owner = not is_checked() or asked.entry.owner == row.owner
    return Turn(session_id=asked.key, generation_id=asked.generation_id, by_owner=by_owner, **_written(asked.note))


def _written(note: Note) -> dict[str, Any]:
    return {
        "message": note.message,
        "intent": note.intent,
        "reasons": list(note.reasons),
        "moved_from": note.moved_from,
        "found": list(note.found),
    }


PAGE, LARGEST_PAGE = 50, 200
"""Turns of a conversation that are read at once: unless told otherwise, and at most."""

_UNREAD = (
    *("system_prompt", "user_prompt", "raw_text", "variables", "tried", "mends"),
    *("prompt_version__system_text", "prompt_version__user_text"),
)
"""Columns of a turn's generation that its conversation does not show, and that are wide."""


def conversation(key: str, *, limit: int = PAGE, before: uuid.UUID | None = None) -> dict[str, Any]:
    """The newest turns of the session in order, as the API shows them; none for an unknown session. Of a bound
    session those that its owner asked. With ``before``,
    those asked before the turn that this generation answers. Two SQL statements, one for ``before``, and one where a
    turn changed the category. Raises UnknownTurn."""
    shown = Q(by_owner=True) | Q(session__bound=False)
    turns = Turn.objects.filter(lasting(), shown, session_id=key, session__active_at__gte=cutoff())
    if before is not None:
        turns = turns.filter(pk__lt=_place_of(before, turns))
    wide = (f"generation__{name}" for name in _UNREAD)
    newest = turns.select_related("generation__prompt_version__template").defer(*wide).order_by("-pk")
    read = list(newest[: limit + 1])
    page, has_more = read[:limit][::-1], len(read) > limit
    thoughts = feedback.of_session(key, [turn.generation_id for turn in page])
    known = options.get() if any(turn.moved_from for turn in page) else None
    return {
        "sessionId": key,
        "turns": [_turn(turn, thoughts.get(turn.generation_id), known) for turn in page],
        "hasMore": has_more,
        "before": str(page[0].generation_id) if has_more else None,
    }


def _place_of(generation_id: uuid.UUID, turns: QuerySet[Turn]) -> int:
    """Where the generation stands among the turns; where there are none, it stands before all."""
    place = turns.filter(generation_id=generation_id).values_list("pk", flat=True).first()
    if place is None and turns.exists():
        raise UnknownTurn
    return place or 0


def _turn(turn: Turn, thought: dict[str, Any] | None, known: Options | None) -> dict[str, Any]:
    generation = turn.generation
    return {
        "generationId": str(generation.id),
        "askedAt": turn.created_at.isoformat(),
        "request": {
            "location": generation.location,
            "workType": generation.work_type,
            "category": generation.category,
            **({"message": turn.message, "intent": turn.intent} if turn.message else {}),
        },
        "promptVersion": str(generation.prompt_version),
        "source": generation.source,
        "outcome": generation.outcome,
        "answer": generation.answer,
        "notices": of_turn(turn, known) if known else [],
        "feedback": thought,
    }
