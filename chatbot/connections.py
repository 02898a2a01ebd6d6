"""Database connections: giving back those of work behind a request, and telling when the database is gone."""

from django.db import InterfaceError, OperationalError, connections

_BUSY = ("40", "55")
"""Classes of PostgreSQL's errors that say that others were in the way: a deadlock, a lock."""


def is_gone(error: BaseException) -> bool:
    """Whether the database does not answer at all now, so that nothing else needs to be tried either."""
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return isinstance(error, OperationalError | InterfaceError) and not state.startswith(_BUSY)


def give_back() -> None:
    """What this thread holds and need not keep, or cannot use any more. Nothing inside a transaction.

    Of a pool a connection is to be given back for the next one who needs it; SQLite's handle is kept.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
