"""A client that reads an answer to its end and reconnects with its cursor, like an ``EventSource`` in a browser."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from tests.e2e.sse import BASE_INFO, Event, laid_out, parse_line, tokens

TERMINAL = {"close", "error"}
RETRY_SECONDS = 0.2
_PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: the servers speak plain HTTP


@dataclass
class Reading:
    """What one client saw: the events of each generation that it was given, in order."""

    generations: list[list[Event]] = field(default_factory=list)
    resets: int = 0
    connections: int = 0
    refused: list[int] = field(default_factory=list)  # statuses other than 200
    over: bool = False

    @property
    def events(self) -> list[Event]:
        """Of the generation that answered in the end."""
        return self.generations[-1] if self.generations else []

    @property
    def cursor(self) -> str:
        return self.events[-1].id if self.events else ""

    def take(self, event: Event) -> None:
        """Raises AssertionError when the event must not come now."""
        assert not self.over, f"{event.name} follows the terminal event"
        if event.name == "stream-reset":
            self.resets += 1
            return
        if not event.data or not event.id:
            return
        of = event.id.rpartition(":")[0]
        if not self.events or self.cursor.rpartition(":")[0] != of:
            assert event.number == 1, f"{event.id} is the first of its generation"
            self.generations.append([])
        else:
            assert event.number == self.events[-1].number + 1, f"{event.id} follows {self.cursor}"
        self.events.append(event)
        self.over = event.name in TERMINAL

    def check(self) -> None:
        """Raises AssertionError unless the answer is whole."""
        assert self.over, f"no terminal event: {[event.name for event in self.events][-3:]}"
        close = self.events[-1]
        assert close.name == "close", close.data
        assert tokens(self.events) == laid_out(close.payload)
        assert self.resets >= len(self.generations) - 1, "another generation without a reset"


def client(address: str | None = None) -> httpx.AsyncClient:
    """Connects from the address, if one is given."""
    transport = httpx.AsyncHTTPTransport(
        verify=_PLAIN, trust_env=False, limits=httpx.Limits(max_connections=None), local_address=address
    )
    opened = httpx.AsyncClient(timeout=90, transport=transport, trust_env=False)
    opened.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # as a relay: each reading is another client
    return opened


async def read(
    url: str | Callable[[], str],
    *,
    reading: Reading | None = None,
    path: str = BASE_INFO,
    until: Callable[[Reading], bool] = lambda _: False,
    patience_seconds: float = 120,
    http: httpx.AsyncClient | None = None,
    **query: str,
) -> Reading:
    """Reads until the terminal event, or until ``until`` returns true. Opens broken connections again, at ``url`` or
    the address that it returns."""
    reading = reading or Reading()
    own = http is None
    http = http or client()
    try:
        async with asyncio.timeout(patience_seconds):
            while not reading.over and not until(reading):
                if reading.connections:
                    await asyncio.sleep(RETRY_SECONDS)
                reading.connections += 1
                address = url if isinstance(url, str) else url()
                await _read_once(http, f"{address}{path}", query, reading=reading, until=until)
    finally:
        if own:
            await http.aclose()
    return reading


async def _read_once(
    http: httpx.AsyncClient, url: str, query: dict[str, Any], *, reading: Reading, until: Callable[[Reading], bool]
) -> None:
    headers = {"Accept": "text/event-stream"}
    if reading.cursor:
        headers["Last-Event-ID"] = reading.cursor
    try:
        async with http.stream("GET", url, params=query, headers=headers) as response:
            if response.status_code != 200:
                reading.refused.append(response.status_code)
                reading.over = response.status_code == 204  # there is nothing to come back for
                return
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                event = parse_line(line, fields)
                if event is None:
                    continue
                if event.name == "error" and not event.id:  # a refusal: the client asks again
                    reading.refused.append(event.envelope["status"])
                    return
                reading.take(event)
                if until(reading):
                    return
    except httpx.HTTPError:
        return
