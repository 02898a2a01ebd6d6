"""PostgreSQL: connections from a pool, and none that waits for a server that is gone.

Imported only when ``DATABASE_URL`` names PostgreSQL. Django finds its backend in ``base``.
"""

from typing import Any

from leafresh.postgresql.connection import AttentiveConnection

MOST_CONNECTIONS = 20
"""Of one process: sixteen threads answer requests, and some more work behind them."""

GETTING_SECONDS = 2.5
"""How long a thread waits for a connection."""

LOCK_SECONDS = 5
"""How long a statement waits for what somebody else has locked. Few threads answer all requests, so none may wait as
long as another's maintenance takes; and a migration that waits holds up everybody behind it."""


def options(given: dict[str, Any]) -> dict[str, Any]:
    """Django's ``OPTIONS`` of the database; what is ``given`` in the URL's query counts more than what is said here.

    Times are in seconds, but for ``tcp_user_timeout`` (milliseconds). ``options``, which the server reads, are put
    behind those of ours, so that the later ones count.
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
            # A thread that needs a connection makes the pool try again. Without this the pool itself would, after 1,
            # 2, 4, … 128 seconds, and a server that was gone for a minute would be missed for another.
            "reconnect_timeout": 1.0,
            "connection_class": AttentiveConnection,
        },
        **given,
        "options": of_server,
    }
