"""Tells what a database error means, and closes the connections of work outside of requests."""

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections

_LOCKED = "55"
"""The PostgreSQL error class for a lock that could not be obtained in time."""

_BUSY = ("40", _LOCKED)
"""The PostgreSQL error classes for conflicts with other transactions: deadlocks and locks."""

_READ_ONLY = "25006"
"""The PostgreSQL error for a write to a standby server. After a fail-over the standby accepts writes."""

_NO_TABLE = "42P01"
"""The PostgreSQL error for a table that does not exist."""


def is_gone(error: BaseException) -> bool:
    """Whether the database does not answer. Further statements would fail too."""
    return isinstance(error, OperationalError | InterfaceError) and not _state(error).startswith(_BUSY)


def is_locked(error: BaseException) -> bool:
    """Whether the statement waited too long for a lock."""
    return _state(error).startswith(_LOCKED)


def may_pass(error: BaseException) -> bool:
    """Whether the same statement may succeed later.

    That is so when the database does not answer, accepts no writes now, or reports a conflict with another transaction.
    """
    return is_gone(error) or _state(error).startswith((*_BUSY, _READ_ONLY))


def explain(error: BaseException) -> str | None:
    """What an operator should do about the error that ended a command; None for other errors. Contains no password."""
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
    """The SQLSTATE code from PostgreSQL; "" when the error has none."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def give_back() -> None:
    """Returns this thread's connections to their pool, and closes broken ones. SQLite connections stay open.

    A connection inside a transaction is left alone. Django does this after each request, so other work has to call it.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
