"""PostgreSQL: a pool of connections, none of which waits for a server that is gone.

Imported only when ``DATABASE_URL`` names PostgreSQL. Django finds its backend in ``base``.
"""

from typing import Any

from leafresh.postgresql.connection import AttentiveConnection

MOST_CONNECTIONS = 20
"""Of one process: sixteen threads answer requests, and a few others work in the background."""

GETTING_SECONDS = 2.5
"""How long a thread waits for a connection."""

LOCK_SECONDS = 5
"""How long a statement waits for a lock. Few threads answer all requests, so none may wait as long as an operator's
maintenance takes. A migration that waits for a lock also delays all statements after it."""


def options(given: dict[str, Any]) -> dict[str, Any]:
    """Django's ``OPTIONS`` of the database. What the URL's query has ``given`` overrides them.

    Times are in seconds, except ``tcp_user_timeout`` (milliseconds). The server reads ``options`` from left to right,
    so the given ones stand last.
    """
    of_server = f"-c lock_timeout={LOCK_SECONDS}s {given.get('options', '')}".rstrip()
    return {
        "connect_timeout": 2,  # the least that libpq takes
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
            # The pool itself would try again after 1, 2, 4, … 128 seconds, and miss a server that came back after a
            # minute for another. After this time it tries when a thread needs a connection.
            "reconnect_timeout": 1.0,
            "connection_class": AttentiveConnection,
        },
        **given,
        "options": of_server,
    }
