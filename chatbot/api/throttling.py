"""Rate limits: who may have another answer now.

An API view or a consumer makes a callable for its client and hands it to the service::

    admit = admission(request)             # from a Django request
    admit = admission_of_scope(scope)      # from an ASGI scope, such as a WebSocket's
    await admit(asker)                     # raises TooManyRequests; None when the request may go on

``admit`` counts one request of who asks in a session (``chatbot.sessions.ownership.asker``: the session with the
owner whose proof the request shows) and of the client's address. The service calls it once, just before a
request joins or starts a generation. It touches no database and no thread, and without Redis it never waits. What only
resumes is not counted, and what is refused is not either. When Redis does not answer, nobody is refused. Other requests
count for the address alone (``admit_reading``).
"""

import functools
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from chatbot.api import sliding_window
from chatbot.api.client_address import TrustedProxies, client_address
from chatbot.api.sliding_window import RedisWindows, Window, parse, whole_seconds
from chatbot.cluster.current import cluster
from chatbot.cluster.redis import Unreachable
from chatbot.errors import TooManyRequests


class Admission:
    """The rates of one client. Awaited with who asks, it counts a request, or raises TooManyRequests."""

    def __init__(self, peer: str | None, forwarded_for: str) -> None:
        self._client = peer, forwarded_for

    async def __call__(self, asker: str) -> None:
        await _admit(*self._client, asker)

    async def begun(self, asker: str) -> None:
        """Counts the request that began a session for its owner, whom nobody knew when the request was admitted. The
        address was counted then."""
        await _take([window for window in _windows(*self._client, asker) if window.key.startswith("session:")])


Admit = Admission


def admission(request: HttpRequest) -> Admission:
    """For the client of a Django request."""
    return Admission(*_client_of(request))


def admission_of_scope(scope: Mapping[str, Any]) -> Admission:
    """For the client of an ASGI scope, HTTP or WebSocket."""
    return Admission(*_client_of_scope(scope))


async def admit_reading(request: HttpRequest) -> None:
    """Counts a request that asks for no answer (reading, erasing, rating, stopping) for the client's address alone: the
    session's rate says how many answers it may have. Raises TooManyRequests."""
    await _admit(*_client_of(request), None)


async def admit_reading_of_scope(scope: Mapping[str, Any]) -> None:
    """The same for what a client asks by an ASGI scope."""
    await _admit(*_client_of_scope(scope), None)


def _client_of(request: HttpRequest) -> tuple[str | None, str]:
    """The peer, and whom it says it speaks for."""
    return request.META.get("REMOTE_ADDR"), request.META.get("HTTP_X_FORWARDED_FOR", "")


def _client_of_scope(scope: Mapping[str, Any]) -> tuple[str | None, str]:
    client = scope.get("client")
    values = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"x-forwarded-for"]
    return client[0] if client else None, ",".join(values)


async def _admit(peer: str | None, forwarded_for: str, asker: str | None) -> None:
    """Counts a request for the client's address, and for ``asker`` unless it is None. Raises TooManyRequests with the
    seconds after which all windows would let it pass."""
    windows = _windows(peer, forwarded_for, asker)
    wait = await _take(windows)
    if wait:
        raise TooManyRequests(whole_seconds(wait, windows))


async def _take(windows: list[Window]) -> float:
    """Counts a request in all windows, unless one is full: then in none, and the seconds after which none is."""
    if not windows:
        return 0
    if (part := cluster()) is None:
        return sliding_window.memory.take(windows)
    try:
        return await RedisWindows(part.client).take(windows)
    except Unreachable:
        return 0


def _windows(peer: str | None, forwarded_for: str, asker: str | None) -> list[Window]:
    windows = []
    if (rate := settings.LEAFRESH_ADDRESS_RATE) is not None:
        trusted = _trusted(tuple(settings.LEAFRESH_TRUSTED_PROXIES))
        address = client_address(peer=peer, forwarded_for=forwarded_for, trusted=trusted)
        windows.append(Window(f"address:{address}", *parse(rate)))
    if asker is not None and (rate := settings.LEAFRESH_SESSION_RATE) is not None:
        windows.append(Window(f"session:{asker}", *parse(rate)))
    return windows


_trusted = functools.lru_cache(maxsize=4)(TrustedProxies.parse)
