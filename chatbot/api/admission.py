"""Rate limits: who may have another answer now.

An API view or a consumer makes a callable for its client and hands it to the service::

    admit = admission(request)             # from a Django request
    admit = admission_of_scope(scope)      # from an ASGI scope, such as a WebSocket's
    await admit(session_key)               # raises TooManyRequests; None when the request may go on

``admit`` counts one request of the session and of the client's address. The service calls it once, just before a
request joins or starts a generation. It touches no database, and without Redis it never waits. What only resumes is not
counted, and what is refused is not either. When Redis does not answer, nobody is refused.
"""

import asyncio
import functools
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja.throttling import SimpleRateThrottle

from chatbot.api.addresses import TrustedProxies, client_address
from chatbot.errors import TooManyRequests
from chatbot.recommending.fleetwide import fleet

Admit = Callable[[str], Awaitable[None]]


def admission(request: HttpRequest) -> Admit:
    """For the client of a Django request."""
    meta = request.META
    return functools.partial(_admit, meta.get("REMOTE_ADDR"), meta.get("HTTP_X_FORWARDED_FOR", ""))


def admission_of_scope(scope: Mapping[str, Any]) -> Admit:
    """For the client of an ASGI scope, HTTP or WebSocket."""
    client = scope.get("client")
    values = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == _FORWARDED_FOR]
    return functools.partial(_admit, client[0] if client else None, ",".join(values))


_FORWARDED_FOR = b"x-forwarded-for"


class _Throttle(SimpleRateThrottle):
    """One of ninja's throttles with its key given. Asking does not count: that is done when every throttle agrees, so
    that a request refused by one uses up nothing of another."""

    def __init__(self, scope: str, ident: str, rate: str) -> None:
        self.scope = scope
        self._ident = ident
        super().__init__(rate)

    def get_cache_key(self, request: HttpRequest) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self._ident}

    def throttle_success(self) -> bool:
        return True

    def seconds_to_wait(self) -> int:
        """Until another request may come; 0 when one may now."""
        if self.allow_request(_NO_REQUEST):
            return 0
        # Ninja knows no time when more were counted than may be: the rate was lowered meanwhile.
        return max(1, math.ceil(self.wait() or self.duration or 0))

    def count(self) -> None:
        super().throttle_success()


_NO_REQUEST = HttpRequest()  # ninja hands it on to ``get_cache_key``, which needs none here


async def _admit(peer: str | None, forwarded_for: str, session_key: str) -> None:
    """Counts on the event loop when that is done in memory, else in a thread."""
    if settings.LEAFRESH_ADDRESS_RATE is None and settings.LEAFRESH_SESSION_RATE is None:
        return
    if (part := fleet()) is not None:
        if not part.client.reachable:  # each request would wait for it
            return
        await asyncio.to_thread(_count, peer, forwarded_for, session_key, lambda: part.client.reachable)
    else:
        _count(peer, forwarded_for, session_key)


def _count(
    peer: str | None, forwarded_for: str, session_key: str, reachable: Callable[[], bool] = lambda: True
) -> None:
    """Counts a request; raises TooManyRequests with the seconds after which both the address and the session may.

    ``reachable`` is asked before each step: with a Redis that froze a step takes a second, for which requests wait that
    come later.
    """
    throttles = []
    if (rate := settings.LEAFRESH_ADDRESS_RATE) is not None:
        trusted = _trusted(tuple(settings.LEAFRESH_TRUSTED_PROXIES))
        address = client_address(peer=peer, forwarded_for=forwarded_for, trusted=trusted)
        throttles.append(_Throttle("address", address, rate))
    if (rate := settings.LEAFRESH_SESSION_RATE) is not None:
        throttles.append(_Throttle("session", session_key, rate))
    seconds = max((throttle.seconds_to_wait() for throttle in throttles if reachable()), default=0)
    if seconds:
        raise TooManyRequests(seconds)
    for throttle in throttles:
        if reachable():
            throttle.count()


_trusted = functools.lru_cache(maxsize=4)(TrustedProxies.parse)
