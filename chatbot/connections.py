"""Giving back database connections that belong to work behind a request, whose end would do it otherwise."""

from django.db import connections


def give_back() -> None:
    """What this thread holds and need not keep, or cannot use any more. Nothing inside a transaction.

    Of a pool a connection is to be given back for the next one who needs it; SQLite's handle is kept.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
