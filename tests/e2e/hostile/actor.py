"""The common parts of all clients of the load: an address, an HTTP client, sessions, and counters of outcomes."""

import asyncio
import random
from collections.abc import AsyncGenerator, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.e2e.hostile.plan import Client, OwnedSession, Seen
from tests.e2e.reader import client as connecting
from tests.e2e.sse import Event, parse_line

CATEGORIES = ("VEGAN", "PLOGGING", "MEDIA", "UPCYCLING", "ZERO_WASTE", "ENERGY_SAVING", "DIGITAL_CARBON")
LOCATIONS = ("city", "beach", "mountain", "rural")
WORK_TYPES = ("office", "field", "sales", "remote")
MESSAGES = (
    "다른 거 없어?",
    "더 쉬운 거 추천해줘",
    "비건으로 바꿔줘",
    "집에서 할 수 있는 걸로 알려줘",
    "아이랑 같이 할 수 있는 거",
    "두 번째 거 어떻게 하는 거야?",
    "플로깅은 왜 하는 거예요?",
    "고마워요, 하나 더 추천해 주세요",
    "회사에서 점심시간에 할 만한 거 있을까",
    "텀블러 말고 다른 걸로요",
)


@dataclass(slots=True)
class Actor:
    """One client at work. ``over`` says that the load has ended."""

    kind: str
    url: str
    address: str
    sessions: list[OwnedSession]
    seen: Seen
    random: random.Random
    http: httpx.AsyncClient
    over: asyncio.Event

    @classmethod
    def of(cls, client: Client, url: str, seen: Seen, seed: int, over: asyncio.Event) -> "Actor":
        chance = random.Random(seed)
        return cls(client.kind, url, client.address, [*client.sessions], seen, chance, connecting(client.address), over)

    @property
    def authority(self) -> str:
        return urlsplit(self.url).netloc

    def note(self, outcome: str) -> None:
        self.seen.note(self.kind, outcome)

    def selection(self) -> dict[str, str]:
        values = {"location": LOCATIONS, "workType": WORK_TYPES, "category": CATEGORIES}
        return {name: self.random.choice(keys) for name, keys in values.items()}

    def message(self) -> str:
        return self.random.choice(MESSAGES)

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Sends one request, and counts its status."""
        response = await self.http.request(method, f"{self.url}{path}", **options)
        self.note(str(response.status_code))
        return response

    async def events(
        self, path: str, query: dict[str, str], headers: dict[str, str] | None = None
    ) -> AsyncGenerator[Event, None]:
        """The events of a stream that have data, as they come; a refusal is noted and ends it. Closing the generator
        drops the connection."""
        sent = {"Accept": "text/event-stream", **(headers or {})}
        async with self.http.stream("GET", f"{self.url}{path}", params=query, headers=sent) as response:
            if response.status_code != 200:
                self.note(str(response.status_code))
                return
            fields: dict[str, str] = {}
            async for line in response.aiter_lines():
                event = parse_line(line, fields)
                if event is None or not event.data:
                    continue
                if event.name == "error" and not event.id:
                    self.note(str(event.envelope["status"]))
                    return
                yield event

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A raw connection, for bytes that no HTTP client would send. The caller closes it with ``drop``."""
        parts = urlsplit(self.url)
        return await asyncio.open_connection(parts.hostname, parts.port, local_addr=(self.address, 0))


async def together(*acts: Coroutine[Any, Any, None]) -> None:
    """All at the same moment, each to its end; then raises what the first one that failed raised."""
    for outcome in await asyncio.gather(*acts, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def drop(writer: asyncio.StreamWriter) -> None:
    """Closes a connection at once, even with unsent bytes."""
    writer.transport.abort()


async def status_of(reader: asyncio.StreamReader) -> str:
    """The status of the next response; ``closed`` if there is none."""
    try:
        line = await reader.readline()
    except (OSError, ValueError):
        return "closed"
    words = line.split()
    return words[1].decode("latin-1") if len(words) > 1 and line.startswith(b"HTTP/") else "closed"
