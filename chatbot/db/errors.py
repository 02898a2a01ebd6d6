"""What a database error means, and closing the connections of work outside of requests."""

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

_LOCKED = "55"
"""PostgreSQL's class of errors for a lock that was held for too long."""

_BUSY = ("40", _LOCKED)
"""Its classes for conflicts with others: a deadlock, a lock."""

_READ_ONLY = "25006"
"""Its error of a standby. After a fail-over the standby takes writes."""

_NO_TABLE = "42P01"
"""Its error for a table that does not exist."""


def is_gone(error: BaseException) -> bool:
    """Whether the database does not answer, so that no other statement needs to be tried."""
    return isinstance(error, OperationalError | InterfaceError) and not _state(error).startswith(_BUSY)


def is_locked(error: BaseException) -> bool:
    """Whether a lock was held for longer than a statement waits."""
    return _state(error).startswith(_LOCKED)


def may_pass(error: BaseException) -> bool:
    """Whether the same may succeed later: the database is gone, in conflict with others, or takes no writes now."""
    return is_gone(error) or _state(error).startswith((*_BUSY, _READ_ONLY))


def explain(error: BaseException) -> str | None:
    """What an operator should do about an error that ended a command, without any password; None for other errors."""
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
    """PostgreSQL's SQLSTATE, "" where there is none."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def give_back() -> None:
    """Returns this thread's connections to their pool, and closes broken ones. SQLite's handle stays open.

    Does nothing inside a transaction. Work outside of requests calls it: Django does so only after a request.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
