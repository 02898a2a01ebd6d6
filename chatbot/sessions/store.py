"""Stores sessions and their turns in the database. Synchronous: callers run it in a thread.

One SQL statement creates missing sessions and changes the others. A session of another client is not changed. Reading
the row before would not be safe: two processes can begin a session at the same moment.
"""

import re
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from chatbot.errors import FieldRequired, MalformedSessionId, NotOwner
from chatbot.models import ChatSession, Turn
from chatbot.sessions.memory import Memory, Note, cutoff, lasting, recall
from chatbot.sessions.ownership import AccessCheck, Ownership, Proof, is_checked, needs_proof

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}")
_COLUMNS = (
    *("key", *ChatSession.SELECTED, "owner", "bound", "server_made"),
    *("created_at", "active_at", "forgotten_through", "expired_through"),
)
_AT_ONCE = 500
"""The maximum number of sessions in one statement: databases limit its parameters."""


def session_key(text: str | None) -> str:
    """The key that the client sent, or a new one. Raises MalformedSessionId."""
    if not text:
        return uuid.uuid4().hex
    if not _VISIBLE_ASCII.fullmatch(text):
        raise MalformedSessionId
    return text


def existing_key(text: str | None) -> str:
    """The key that the client sent, which is required. Raises FieldRequired, MalformedSessionId."""
    if not (text or "").strip():
        raise FieldRequired("sessionId")
    return session_key(text)


def remembered(keys: Collection[str]) -> dict[str, Memory]:
    """The memory of each session. Takes one SQL statement.

    An expired session has only its ownership, since its next turn begins it again.
    """
    memories, before = recall(keys), cutoff()
    for key, memory in memories.items():
        if memory.active_at is not None and memory.active_at < before:
            memories[key] = Memory(ownership=memory.ownership)
    return {key: memories.get(key, Memory()) for key in keys}


def check_owner(session_key: str, proof: Proof, *, private: bool = False) -> Ownership | None:
    """Checks a request for an existing session. None when the session is unknown or expired. Raises NotOwner.

    A proof of the owner binds the session. ``private`` is for requests that need only the session's id, such as reading
    the conversation: an unbound session then needs an id that the server made. The id of a generation cannot be
    guessed, so requests with one are not private. Takes one SQL statement, and another one when the session becomes
    bound.
    """
    if not is_checked():
        return None
    columns = ("owner", "bound", "server_made", "active_at", "forgotten_through")
    row = ChatSession.objects.filter(pk=session_key).values_list(*columns).first()
    if row is None:
        return None
    owner, bound, server_made, active_at, forgotten_through = row
    if forgotten_through and not owner:  # the session is being erased
        return None
    known = Ownership(owner, bound, server_made)
    if proof.proves(owner, session_key):
        _bind(session_key, known, proof)
    elif needs_proof(known) or (private and not server_made):
        raise NotOwner
    return None if active_at < cutoff() else known


def check_resuming(generation_id: uuid.UUID, session_key: str, proof: Proof) -> None:
    """Checks whether the client may resume the generation. Raises NotOwner.

    It may if the session requested the generation, or an unbound session, or a session of the same owner. Takes one SQL
    statement, and another one when a session becomes bound.
    """
    if not is_checked():
        return
    columns = ("session_id", "session__owner", "session__bound", "session__server_made")
    asked = {
        key: Ownership(*rest)
        for key, *rest in Turn.objects.filter(lasting(), generation_id=generation_id).values_list(*columns)
    }
    if session_key in asked:
        asked = {session_key: asked[session_key]}
    elif session_key:
        check_owner(session_key, proof)
    for key, known in asked.items():
        if proof.proves(known.owner, key):
            _bind(key, known, proof)
            return
    if asked and all(needs_proof(known) for known in asked.values()):
        raise NotOwner


def _bind(session_key: str, known: Ownership, proof: Proof) -> None:
    if not known.bound and proof.shows(known.owner, session_key):
        ChatSession.objects.filter(pk=session_key, owner=known.owner, bound=False).update(bound=True)


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A turn to be written: a session's request, the generation that answers it, and the data for the session."""

    key: str
    generation_id: uuid.UUID
    note: Note
    access: AccessCheck = field(default_factory=AccessCheck)


@dataclass(slots=True)
class _SessionClient:
    """One client of a session, and the columns of the session that it changes."""

    access: AccessCheck
    columns: dict[str, Any] = field(default_factory=dict)


def add_turns(asked: Sequence[NewTurn]) -> dict[str, Ownership]:
    """Adds the turns in this order, each pair of session and generation once. Returns the ownership of each session.

    A missing session is created and belongs to the client of its first turn. A turn of a client that is not the owner
    is not written. Takes two SQL statements, and more if several clients use one session.
    """
    of_owners: dict[tuple[str, str], _SessionClient] = {}
    for turn in asked:
        client = of_owners.setdefault((turn.key, turn.access.owner), _SessionClient(turn.access))
        client.columns.update(turn.note.remembered())
        if turn.access.bound and not client.access.bound:
            client.access = turn.access
    clients: dict[str, list[_SessionClient]] = {}
    for (key, _), client in sorted(of_owners.items(), key=lambda item: not item[1].access.bound):
        clients.setdefault(key, []).append(client)  # clients with a proof come first
    with transaction.atomic(savepoint=False):
        rows = _write_sessions(clients)
        turns = [_turn_of(turn, rows[turn.key]) for turn in asked if not turn.access.is_refused_by(rows[turn.key])]
        Turn.objects.bulk_create(turns, ignore_conflicts=True)
    return rows


def _turn_of(asked: NewTurn, row: Ownership) -> Turn:
    note = asked.note
    return Turn(
        session_id=asked.key,
        generation_id=asked.generation_id,
        by_owner=not is_checked() or asked.access.owner == row.owner,
        message=note.message,
        intent=note.intent,
        reasons=list(note.reasons),
        moved_from=note.moved_from,
        found=list(note.found),
    )


def _write_sessions(clients: Mapping[str, Sequence[_SessionClient]]) -> dict[str, Ownership]:
    """Writes the rows of the sessions, for the clients of each in their order. Returns the ownerships.

    The keys are sorted, to avoid a deadlock of two processes. Takes one SQL statement if each session has one client,
    and another one if a client is not the owner.
    """
    rows: dict[str, Ownership] = {}
    for turn in range(max(map(len, clients.values()), default=0)):
        several = [(key, clients[key][turn]) for key in sorted(clients) if turn < len(clients[key])]
        for start in range(0, len(several), _AT_ONCE):
            batch = dict(several[start : start + _AT_ONCE])
            written = _upsert(batch)
            rows |= written
            _adopt(rows, {key: batch[key].access for key in written})
    if refusing := [key for key in clients if key not in rows]:
        read = ChatSession.objects.filter(pk__in=refusing).values_list("pk", "owner", "bound")
        rows |= {key: Ownership(owner, bound) for key, owner, bound in read}
    return rows


def _upsert(several: Mapping[str, _SessionClient]) -> dict[str, Ownership]:
    """Writes the rows of sessions that their client may use, and returns their ownerships.

    An expired session begins without its turns. They stay in the database until ``purge``, because the clock may be
    wrong.
    """
    now, before = timezone.now(), cutoff()
    values = [value for key, client in several.items() for value in _values(key, client, now)]
    row = f"({', '.join(['%s'] * len(_COLUMNS))})"
    selected = ", ".join(
        f"{name} = CASE WHEN EXCLUDED.{name} <> '' THEN EXCLUDED.{name} WHEN s.active_at < %s THEN '' ELSE s.{name} END"
        for name in ChatSession.SELECTED
    )
    sessions, turns = ChatSession._meta.db_table, Turn._meta.db_table
    statement = f"""
        INSERT INTO {sessions} AS s ({", ".join(_COLUMNS)}) VALUES {", ".join([row] * len(several))}
        ON CONFLICT (key) DO UPDATE SET {selected},
            bound = s.bound OR (s.owner = EXCLUDED.owner AND EXCLUDED.bound),
            active_at = EXCLUDED.active_at,
            expired_through = CASE WHEN s.active_at < %s
                THEN (SELECT COALESCE(MAX(id), 0) FROM {turns} WHERE session_id = s.key) ELSE s.expired_through END,
            expired_at = CASE WHEN s.active_at < %s THEN EXCLUDED.active_at ELSE s.expired_at END
        WHERE %s OR s.owner IN ('', EXCLUDED.owner) OR NOT (s.bound OR %s)
        RETURNING key, owner, bound
    """  # noqa: S608  only names of our own columns
    expiry = [_written("active_at", before)] * (len(ChatSession.SELECTED) + 2)
    with connection.cursor() as cursor:
        is_required = settings.LEAFRESH_SESSION_BINDING == "required"
        cursor.execute(statement, [*values, *expiry, not is_checked(), is_required])
        return {key: Ownership(owner, bool(bound)) for key, owner, bound in cursor.fetchall()}


def _values(key: str, client: _SessionClient, now: datetime) -> Iterable[Any]:
    columns = {**_owned(client.access), "created_at": now, "active_at": now, **client.columns}
    session = ChatSession(key=key, **columns)
    return (_written(name, getattr(session, name)) for name in _COLUMNS)


def _written(name: str, value: Any) -> Any:
    column: Any = ChatSession._meta.get_field(name)
    return column.get_db_prep_save(value, connection)


def _adopt(rows: dict[str, Ownership], checks: Mapping[str, AccessCheck]) -> None:
    """Changes the owner of sessions that are being forgotten and still have rows, to the client that begins them
    again."""
    for key, access in checks.items():
        if not rows[key].owner and access.may_adopt:
            ChatSession.objects.filter(pk=key, owner="").update(**_owned(access))
            rows[key] = Ownership(access.owner, access.bound)


def _owned(access: AccessCheck) -> dict[str, Any]:
    return {"owner": access.owner, "bound": access.bound, "server_made": access.server_made}
