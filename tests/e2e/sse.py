"""An SSE client for tests, written from the WHATWG specification: events as a browser would dispatch them."""

import json
import re
import ssl
import threading
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

BASE_INFO = "/ai/chatbot/recommendation/base-info"
FREE_TEXT = "/ai/chatbot/recommendation/free-text"
_PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # made once: the servers speak plain HTTP
SELECTION: dict[str, Any] = {"location": "도시", "workType": "사무직", "category": "비건"}


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    data: str

    @property
    def number(self) -> int:
        return int(self.id.rpartition(":")[2])

    @property
    def envelope(self) -> dict[str, Any]:
        value = json.loads(self.data)
        assert isinstance(value, dict)
        return value

    @property
    def payload(self) -> Any:
        return self.envelope["data"]


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """Events of a stream's lines (without their ends), those with empty data too."""
    fields: dict[str, str] = {}
    for line in lines:
        if (event := parse_line(line, fields)) is not None:
            yield event


def parse_line(line: str, fields: dict[str, str]) -> Event | None:
    """The event that this line ends, if any. ``fields`` has the fields of the next event so far. The last id is
    kept."""
    if not line:
        name, data = fields.pop("event", "message"), fields.pop("data", None)
        return None if data is None else Event(name, fields.get("id", ""), data)
    name, _, value = line.partition(":")
    value = value.removeprefix(" ")
    if name == "data" and "data" in fields:
        fields["data"] += f"\n{value}"
    elif name in {"event", "data", "id"}:
        fields[name] = value
    return None


def stream(
    url: str, *, last_event_id: str = "", path: str = BASE_INFO, headers: dict[str, str] | None = None, **query: str
) -> Generator[Event, None, None]:
    """Opens a stream and yields its numbered events; closing the iterator drops the connection."""
    sent = {"Accept": "text/event-stream", **(headers or {})}
    if last_event_id:
        sent["Last-Event-ID"] = last_event_id
    with (
        httpx.Client(timeout=60, verify=_PLAIN, trust_env=False) as client,
        client.stream("GET", f"{url}{path}?{urlencode(query)}", headers=sent) as response,
    ):
        assert response.status_code == 200, response.status_code
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield from (event for event in parse(response.iter_lines()) if event.data)


def of_all(events: Iterable[Event]) -> list[Event]:
    """The events as every client of the generation gets them: without the token of the one that began its session."""
    return [Event(it.name, it.id, re.sub(r',"sessionToken":"[^"]+"', "", it.data)) for it in events]


def tokens(events: Iterable[Event]) -> str:
    """The text that a person sees after these events, rewrites applied."""
    text = ""
    for event in events:
        if event.name == "challenge":
            text += event.payload["token"]
        elif event.name == "rewrite":
            text = text.encode("utf-16-le")[: event.payload["length"] * 2].decode("utf-16-le")
    return text


def laid_out(answer: dict[str, Any]) -> str:
    """The layout of a closing answer, as the wire protocol describes it."""
    parts = [answer["recommend"]] if answer["recommend"] else []
    for index, challenge in enumerate(answer["challenges"], start=1):
        parts.append(f"{index}. {challenge['title']}\n{challenge['description']}")
    return "\n\n".join(parts)


class Background:
    """Collects a stream's events in a thread, in ``events``; ``join`` returns them when it has ended."""

    def __init__(self, url: str, **query: Any) -> None:
        self.events: list[Event] = []
        self._thread = threading.Thread(target=self._collect, args=(stream(url, **query),))
        self._thread.start()

    def _collect(self, events: Iterable[Event]) -> None:
        for event in events:
            self.events.append(event)

    def join(self) -> list[Event]:
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        return self.events
