"""PostgreSQL: a pool of connections that do not wait for a server that is gone.

It is imported only when ``DATABASE_URL`` names PostgreSQL. The database backend for Django is in ``base``.
"""

from typing import Any

from leafresh.postgresql.connection import AttentiveConnection

MOST_CONNECTIONS = 20
"""The maximum number of connections of a process: for sixteen request threads and a few background threads."""

GETTING_SECONDS = 2.5
"""How long a thread waits for a connection."""

LOCK_SECONDS = 5
"""How long a statement waits for a lock. A process has few request threads, so they must not wait until an operator's
maintenance has ended. A migration that waits for a lock also delays all later statements."""


def options(given: dict[str, Any]) -> dict[str, Any]:
    """The ``OPTIONS`` of the database for Django. ``given`` are those in the query of the URL: they override the
    defaults.

    Times are in seconds, except ``tcp_user_timeout`` (milliseconds). The server reads ``options`` from left to right,
    so the given ones come last.
    """
    of_server = f"-c lock_timeout={LOCK_SECONDS}s {given.get('options', '')}".rstrip()
    return {
        "connect_timeout": 2,  # the minimum of libpq
        "tcp_user_timeout": 3000,
        "keepalives": 1,
        "keepalives_idle": 5,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "application_name": "leafresh",
        "pool": {
            "min_size": 2,
            "max_size": MOST_CONNECTIONS,
            "timeout": GETTING_SECONDS,
            # The pool itself would try again after 1, 2, 4, … 128 seconds. So it would notice up to a minute too late
            # that the server is back. After this time it tries when a thread needs a connection.
            "reconnect_timeout": 1.0,
            "connection_class": AttentiveConnection,
        },
        **given,
        "options": of_server,
    }
