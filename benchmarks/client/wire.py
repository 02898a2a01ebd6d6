"""Reading what a server sent: an HTTP/1.1 response, chunked or not, with server-sent events in it.

Bytes are kept with the moment at which they came, and read when all is over: reading costs processor time that a
measurement should not compete with.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Arrival = tuple[int, bytes]
"""Nanoseconds of the monotonic clock, and the bytes that came."""


class BadResponse(Exception):
    """The response is not what a stream is; the message says why."""


@dataclass(frozen=True, slots=True)
class SentEvent:
    """A server-sent event with data, and when its last byte came (nanoseconds of the monotonic clock)."""

    name: str
    id: str
    data: str
    at: int


def read_events(arrivals: Sequence[Arrival]) -> list[SentEvent]:
    """The events of a whole response. Raises BadResponse when it is no complete event stream."""
    raw = b"".join(data for _, data in arrivals)
    ends: list[int] = []
    total = 0
    for _, data in arrivals:
        total += len(data)
        ends.append(total)
    head, found, _ = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    if not found or " 200 " not in f"{lines[0]} ":
        raise BadResponse(f"status line {lines[0]!r}")
    if not any(line.startswith("content-type: text/event-stream") for line in lines):
        raise BadResponse("no event stream")
    start = len(head) + 4
    chunked = "transfer-encoding: chunked" in lines
    parts = list(_chunks(raw, start)) if chunked else [(raw[start:], len(raw))]
    return list(_events(parts, arrivals, ends))


def _chunks(raw: bytes, start: int) -> Iterator[tuple[bytes, int]]:
    """Each chunk's data, and where in ``raw`` it ends. Raises BadResponse when the last chunk is missing."""
    while True:
        line_end = raw.find(b"\r\n", start)
        if line_end < 0:
            raise BadResponse("the response broke off")
        size = int(raw[start:line_end].partition(b";")[0], 16)
        if size == 0:
            return
        begin, end = line_end + 2, line_end + 2 + size
        if raw[end : end + 2] != b"\r\n":
            raise BadResponse("the response broke off inside a chunk")
        yield raw[begin:end], end
        start = end + 2


def _events(parts: list[tuple[bytes, int]], arrivals: Sequence[Arrival], ends: list[int]) -> Iterator[SentEvent]:
    """Events by the WHATWG's rules, as far as servers here use them: lines that end in LF or CRLF."""
    body = b"".join(data for data, _ in parts)
    part_ends: list[int] = []
    total = 0
    for data, _ in parts:
        total += len(data)
        part_ends.append(total)
    line_end = b"\r\n" if b"\r\n" in body else b"\n"
    offset = 0
    for block in body.split(line_end * 2):
        offset += len(block) + 2 * len(line_end)
        event = _event(block.decode().split(line_end.decode()))
        if event is None:
            continue
        last_byte = min(offset, len(body))
        part = bisect_left(part_ends, last_byte)
        in_raw = parts[part][1] - (part_ends[part] - last_byte)
        yield SentEvent(*event, at=arrivals[bisect_left(ends, in_raw)][0])


def _event(lines: list[str]) -> tuple[str, str, str] | None:
    """Name, id and data of an event; None for comments and events without data."""
    name, event_id, data = "message", "", []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data.append(value)
    text = "\n".join(data)
    return (name, event_id, text) if text else None
