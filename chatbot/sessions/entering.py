"""Writing the rows of sessions that clients enter. Synchronous.

One SQL statement makes the sessions that are not there and changes the others, unless they refuse the client: these it
leaves as they are. To look first would not do, because two processes can begin a session at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from chatbot.models import ChatSession, Turn
from chatbot.sessions.ownership import Entry, Ownership, is_checked
from chatbot.sessions.retention import cutoff

_SELECTED = ("location", "work_type", "base_category", "category")
_COLUMNS = (
    *("key", *_SELECTED, "owner", "bound", "server_made"),
    *("created_at", "active_at", "forgotten_through", "expired_through"),
)
_AT_ONCE = 500
"""Sessions of one statement: databases bound its parameters."""


@dataclass(slots=True)
class Entered:
    """What one client leaves in a session: how it enters, and the session's columns that change."""

    entry: Entry
    columns: dict[str, Any] = field(default_factory=dict)


def enter_sessions(entering: Mapping[str, Sequence[Entered]]) -> dict[str, Ownership]:
    """Writes the rows of the sessions, whose keys are in one order everywhere: two processes must not wait for one
    another. Each session's clients come in the order in which they enter. Returns whose the sessions are, by their
    keys. One SQL statement for sessions that one client enters each, and one more where a session refuses a client."""
    rows: dict[str, Ownership] = {}
    for turn in range(max(map(len, entering.values()), default=0)):
        several = [(key, entering[key][turn]) for key in sorted(entering) if turn < len(entering[key])]
        for start in range(0, len(several), _AT_ONCE):
            batch = dict(several[start : start + _AT_ONCE])
            written = _upsert(batch)
            rows |= written
            _adopt(rows, {key: batch[key] for key in written})
    if refusing := [key for key in entering if key not in rows]:
        read = ChatSession.objects.filter(pk__in=refusing).values_list("pk", "owner", "bound")
        rows |= {key: Ownership(owner, bound) for key, owner, bound in read}
    return rows


def _upsert(several: Mapping[str, Entered]) -> dict[str, Ownership]:
    """Those that let the client in. A session that had expired begins without its past, which stays in the database
    until ``purge`` comes by: a clock that was wrong must erase nothing."""
    now, before = timezone.now(), cutoff()
    values = [value for key, it in several.items() for value in _values(key, it, now)]
    row = f"({', '.join(['%s'] * len(_COLUMNS))})"
    selected = ", ".join(
        f"{name} = CASE WHEN EXCLUDED.{name} <> '' THEN EXCLUDED.{name} WHEN s.active_at < %s THEN '' ELSE s.{name} END"
        for name in _SELECTED
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
    """  # noqa: S608  names of ours
    expiry = [_written("active_at", before)] * (len(_SELECTED) + 2)
    with connection.cursor() as cursor:
        is_required = settings.LEAFRESH_SESSION_BINDING == "required"
        cursor.execute(statement, [*values, *expiry, not is_checked(), is_required])
        return {key: Ownership(owner, bool(bound)) for key, owner, bound in cursor.fetchall()}


def _values(key: str, it: Entered, now: datetime) -> Iterable[Any]:
    made = {"owner": it.entry.owner, "bound": it.entry.bound, "server_made": it.entry.server_made}
    session = ChatSession(key=key, **{**made, "created_at": now, "active_at": now, **it.columns})
    return (_written(name, getattr(session, name)) for name in _COLUMNS)


def _written(name: str, value: Any) -> Any:
    column: Any = ChatSession._meta.get_field(name)
    return column.get_db_prep_save(value, connection)


def _adopt(rows: dict[str, Ownership], several: Mapping[str, Entered]) -> None:
    """Sessions that are being forgotten, while their rows are still there, belong to who begins them again."""
    for key, it in several.items():
        if not rows[key].owner and it.entry.may_adopt:
            made = {"owner": it.entry.owner, "bound": it.entry.bound, "server_made": it.entry.server_made}
            ChatSession.objects.filter(pk=key, owner="").update(**made)
            rows[key] = Ownership(it.entry.owner, it.entry.bound)
