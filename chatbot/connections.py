"""Database connections: giving back those of work behind a request, and telling when the database is gone."""

from django.db import InterfaceError, OperationalError, connections

_LOCKED = "55"
"""The class of PostgreSQL's errors that say that something was locked for too long."""

_BUSY = ("40", _LOCKED)
"""Those that say that others were in the way: a deadlock, a lock."""

_READ_ONLY = "25006"
"""PostgreSQL's error of a standby, which a fail-over makes the one that takes writes."""


def is_gone(error: BaseException) -> bool:
    """Whether the database does not answer at all now, so that nothing else needs to be tried either."""
    return isinstance(error, OperationalError | InterfaceError) and not _state(error).startswith(_BUSY)


def is_locked(error: BaseException) -> bool:
    """Whether others had something locked for as long as a statement waits."""
    return _state(error).startswith(_LOCKED)


def may_pass(error: BaseException) -> bool:
    """Whether the same may succeed later: the database is gone, others are in the way, or it takes no writes now."""
    return is_gone(error) or _state(error).startswith((*_BUSY, _READ_ONLY))


def _state(error: BaseException) -> str:
    """PostgreSQL's five characters; nothing where there are none."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def give_back() -> None:
    """What this thread holds and need not keep, or cannot use any more. Nothing inside a transaction.

    Of a pool a connection is to be given back for the next one who needs it; SQLite's handle is kept.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
