"""Rate limits: they decide whether a client may have another answer now.

A view or a connection creates an ``Admission`` for its client and passes it to the service::

    admit = Admission(request)
    await admit(rate_key)  # raises TooManyRequests

The service awaits it once, just before a request joins or starts a generation. It counts the request for the client's
address and for the ``rate_key`` (``chatbot.sessions.ownership.rate_key``), which is made of the session and its proven
owner. Refused requests and those that only resume are not counted. Requests that need no answer count only for the
address (``admit_reading``). Counting uses neither the database nor a thread. It waits only for Redis. While Redis does
not answer, no request is refused.
"""

import functools

from django.conf import settings
from django.http import HttpRequest

from chatbot.api import sliding_window
from chatbot.api.client_address import TrustedProxies, client_address
from chatbot.api.sliding_window import RedisWindows, Window, parse, whole_seconds
from chatbot.cluster.redis import Unreachable
from chatbot.errors import TooManyRequests
from chatbot.runtime import runtime


class Admission:
    """Checks the rates of the client that sent a request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    async def __call__(self, rate_key: str) -> None:
        """Counts a request for the key and for the client's address. Raises TooManyRequests."""
        await _admit([*_of_address(self._request), *_of_session(rate_key)])

    async def begun(self, rate_key: str) -> None:
        """Counts the request that began a session for its new owner. It was already counted for the address."""
        await _take(_of_session(rate_key))


async def admit_reading(request: HttpRequest) -> None:
    """Counts a request that needs no answer (reading, erasing, rating, stopping). Raises TooManyRequests."""
    await _admit(_of_address(request))


async def _admit(windows: list[Window]) -> None:
    """Counts a request in all windows. Raises TooManyRequests with the seconds until none is full."""
    wait = await _take(windows)
    if wait:
        raise TooManyRequests(whole_seconds(wait, windows))


async def _take(windows: list[Window]) -> float:
    """Counts a request in all windows and returns 0. If one is full, returns the seconds until none is."""
    if not windows:
        return 0
    if (cluster := runtime().cluster) is None:
        return sliding_window.memory.take(windows)
    try:
        return await RedisWindows(cluster.redis).take(windows)
    except Unreachable:
        return 0


def _of_address(request: HttpRequest) -> list[Window]:
    if (rate := settings.LEAFRESH_ADDRESS_RATE) is None:
        return []
    address = client_address(
        peer=request.META.get("REMOTE_ADDR"),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted=_trusted(tuple(settings.LEAFRESH_TRUSTED_PROXIES)),
    )
    return [Window(f"address:{address}", *parse(rate))]


def _of_session(rate_key: str) -> list[Window]:
    rate = settings.LEAFRESH_SESSION_RATE
    return [] if rate is None else [Window(f"session:{rate_key}", *parse(rate))]


_trusted = functools.lru_cache(maxsize=4)(TrustedProxies.parse)
