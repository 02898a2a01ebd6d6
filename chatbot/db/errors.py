"""Database connections: giving back those of work behind a request, and telling when the database is gone."""

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

_LOCKED = "55"
"""The class of PostgreSQL's errors that say that something was locked for too long."""

_BUSY = ("40", _LOCKED)
"""Those that say that others were in the way: a deadlock, a lock."""

_READ_ONLY = "25006"
"""PostgreSQL's error of a standby, which a fail-over makes the one that takes writes."""


_NO_TABLE = "42P01"
"""PostgreSQL's error of a table that does not exist."""


def is_gone(error: BaseException) -> bool:
    """Whether the database does not answer at all now, so that nothing else needs to be tried either."""
    return isinstance(error, OperationalError | InterfaceError) and not _state(error).startswith(_BUSY)


def is_locked(error: BaseException) -> bool:
    """Whether others had something locked for as long as a statement waits."""
    return _state(error).startswith(_LOCKED)


def may_pass(error: BaseException) -> bool:
    """Whether the same may succeed later: the database is gone, others are in the way, or it takes no writes now."""
    return is_gone(error) or _state(error).startswith((*_BUSY, _READ_ONLY))


def explain(error: BaseException) -> str | None:
    """What an operator should do about an error that ended a command; None when that is not known. No password."""
    if "no such table" in str(error) or _state(error) == _NO_TABLE:
        return "The database has no tables yet, or old ones: run `manage.py setup`."
    if not is_gone(error):
        return None
    config = settings.DATABASES["default"]
    if connections["default"].vendor == "sqlite":
        return f"The database {config['NAME']} cannot be used: {error}. Correct DATABASE_URL or LEAFRESH_DATA_DIR."
    place = f"{config.get('HOST') or 'the local socket'}, port {config.get('PORT') or 5432}"
    return f"PostgreSQL does not answer at {place}: {str(error).splitlines()[0]}. Start it, or correct DATABASE_URL."


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
