"""The events of a recorded response, and what their text and its stamps say about the service.

The client stores bytes with their arrival time, and parses them after all streams have ended. Parsing takes processor
time that would disturb the measurement.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import h11

from benchmarks.answers import RECEIPT, STAMP, STAMP_PATTERN, laid_out, without_stamps

TERMINAL = frozenset({"close", "error"})

Arrival = tuple[int, bytes]
"""Nanoseconds of the monotonic clock, and the bytes that arrived."""


class Fault(Exception):
    """What is wrong with a stream."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A server-sent event with data. ``at`` is the arrival of its last byte, in nanoseconds of the monotonic clock."""

    name: str
    id: str
    data: str
    at: int

    @property
    def token(self) -> str:
        """The text that it adds."""
        return str(json.loads(self.data)["data"]["token"]) if self.name == "challenge" else ""


def read_events(arrivals: Sequence[Arrival]) -> list[ReceivedEvent]:
    """The events of a whole response. Raises Fault when it is no complete event stream."""
    events = []
    text = b""
    for at, data in _body(arrivals):
        *blocks, text = (text + data).replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            lines = [line.partition(": ")[::2] for line in block.decode().split("\n")]
            if payload := "\n".join(value for field, value in lines if field == "data"):
                named = dict(lines)
                events.append(ReceivedEvent(named.get("event", "message"), named.get("id", ""), payload, at))
    return events


def _body(arrivals: Sequence[Arrival]) -> Iterator[Arrival]:
    """The response's body in parts, each with its arrival."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "127.0.0.1")]))
    connection.send(h11.EndOfMessage())
    try:
        for at, received in (*arrivals, (0, b"")):  # nothing: the server closed the connection
            connection.receive_data(received)
            while isinstance(event := connection.next_event(), h11.Response | h11.Data):
                if isinstance(event, h11.Data):
                    yield at, bytes(event.data)
                elif event.status_code != 200 or not dict(event.headers)[b"content-type"].startswith(b"text/event-st"):
                    raise Fault(f"status {event.status_code}, no event stream")
            if isinstance(event, h11.EndOfMessage):
                return
    except h11.RemoteProtocolError as error:
        raise Fault(f"the response broke off: {error}") from None
    raise Fault("there is no response")


def check_ours(events: Sequence[ReceivedEvent], layout: str | None) -> None:
    """Raises Fault unless the events are numbered from 1 without gaps and end with one ``close``.

    Their tokens must be the layout of its answer, and ``layout`` (stamps apart) where one is expected.
    """
    answer = _closing_answer(events)
    numbers = [int(event.id.rpartition(":")[2]) for event in events if event.id]
    if numbers != list(range(1, len(numbers) + 1)) or len({event.id.rpartition(":")[0] for event in events}) > 2:
        raise Fault(f"events are numbered {numbers[:5]}… of {len(numbers)}")
    unexpected = {event.name for event in events} - {"start", "challenge", "item", "close", "stream-open"}
    if unexpected:
        raise Fault(f"unexpected events: {sorted(unexpected)}")
    text = "".join(event.token for event in events)
    if text != laid_out(answer):
        raise Fault("the tokens are not the layout of the closing answer")
    if layout is not None and without_stamps(text) != layout:
        raise Fault("the answer is not what the provider wrote")
    if sum(event.name == "item" for event in events) != 3 or len(answer["challenges"]) != 3:
        raise Fault("not three challenges")


def check_peer(events: Sequence[ReceivedEvent], text: str | None) -> None:
    """Raises Fault unless the events end with one ``close`` and their tokens are the JSON of its answer.

    Where a ``text`` is expected, they must be that text (stamps apart).
    """
    answer = _closing_answer(events)
    received = "".join(event.token for event in events)
    if text is not None and without_stamps(received) != text:
        raise Fault("the tokens are not what the provider wrote")
    if json.loads(received) != answer:
        raise Fault("the tokens are not the closing answer")


def _closing_answer(events: Sequence[ReceivedEvent]) -> dict[str, Any]:
    """The answer of the only terminal event, which must be the last event and a ``close``."""
    ends = [number for number, event in enumerate(events) if event.name in TERMINAL]
    if len(ends) != 1:
        raise Fault(f"{len(ends)} terminal events")
    if ends[0] != len(events) - 1:
        raise Fault("something follows the terminal event")
    last = events[-1]
    if last.name != "close":
        raise Fault(f"ended by an error: {last.data[:100]}")
    answer: dict[str, Any] = json.loads(last.data)["data"]
    return answer


def delays_of(events: Sequence[ReceivedEvent]) -> list[float]:
    """For each stamp: milliseconds from the moment when the provider sent it to the arrival of its last character."""
    delays = []
    text, scanned = "", 0
    for event in events:
        text += event.token
        for found in STAMP_PATTERN.finditer(text, scanned):
            scanned = found.end()
            if found[1] == STAMP and int(found[2]):
                delays.append(event.at / 1e6 - int(found[2]) / 1e3)
    return delays


def added_time(events: Sequence[ReceivedEvent], requested_at: int) -> float | None:
    """Milliseconds from the request to the sentence's first word, less the provider's own time for that word.

    ``requested_at`` is in nanoseconds. The provider's time runs from reading its request to sending the word. None when
    the text has no stamps.
    """
    text = ""
    first_at = 0
    for event in events:
        text += event.token
        if not first_at and STAMP in text:
            first_at = event.at
        stamps = {found[1]: int(found[2]) for found in reversed([*STAMP_PATTERN.finditer(text[:200])])}
        if first_at and RECEIPT in stamps:
            sent, received = stamps[STAMP], stamps[RECEIPT]
            return (first_at - requested_at) / 1e6 - (sent - received) / 1e3 if received else None
    return None
