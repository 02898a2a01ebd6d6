"""The form of a recorded stream: its headers, frames, envelopes, numbers and end, as the wire protocol wants them."""

import json
import re
from collections.abc import Iterator, Sequence

from chatbot.diagnosis.exchange import Ending, Response
from chatbot.diagnosis.finding import Finding, fault, ok, warning
from chatbot.diagnosis.sse import Frame
from chatbot.streaming.events import TERMINAL

LIBRARY_EVENTS = frozenset({"stream-open", "stream-reset", "keep-alive"})
"""django-eventstream's own: without number, with empty data."""

COMPARE = (
    "Examine the server itself on its own machine (python manage.py doctor, without --url): if its stream is right, "
    "a proxy changes it on the way; if not, another version of the server is running, so restart it."
)

_EVENT_ID = re.compile(r"(generation-[0-9a-f-]{36}):([1-9][0-9]{0,8})")
_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u([0-9a-fA-F]{4})")


def judge_headers(response: Response) -> Iterator[Finding]:
    """Of a response with status 200."""
    kind = response.header("content-type")
    if kind.partition(";")[0].strip().lower() == "text/event-stream":
        yield ok("The stream opens: 200, text/event-stream.")
    else:
        yield fault(
            f"The response is {kind or 'of no type'}, not text/event-stream: EventSource refuses it.",
            "Correct --url, or the proxy: something else than Leafresh answers for /ai/chatbot/.",
        )
    encoding = response.header("content-encoding").strip().lower()
    if encoding not in {"", "identity"}:
        yield fault(
            f"The stream is compressed ({encoding}): compression holds events back until there are enough of them.",
            "Switch off compression for text/event-stream in the proxy (nginx: take it out of gzip_types).",
        )
    # nginx keeps the header for itself, so behind nginx its absence says nothing.
    if not response.header("x-accel-buffering") and "nginx" not in response.header("server").lower():
        yield warning(
            "The stream comes without X-Accel-Buffering: no, so a proxy does not know that it must not buffer it.",
            "Let the proxy pass that header on, or switch off its buffering for /ai/ and /api/.",
        )


def judge_form(events: Sequence[Frame], *, rest: bool, ending: Ending) -> Iterator[Finding]:
    """Everything but the text. ``events`` are the stream's frames without the library's own; ``rest`` says that it
    stopped in the middle of a frame."""
    problems = [*_framing(events), *_encoding(events)]
    if problems:
        yield from problems
    else:
        yield ok(f"{len(events)} events, each with one line of JSON that was encoded once, Korean readable.")
    yield _numbers(events)
    yield _end(events, rest=rest, ending=ending)


def envelope_of(frame: Frame) -> dict[str, object] | None:
    """The event's envelope ``{"status", "message", "data"}``; None when it has none."""
    value = _decoded("\n".join(frame.data))
    if not isinstance(value, dict) or not {"status", "message", "data"} <= value.keys():
        return None
    well_typed = type(value["status"]) is int and isinstance(value["message"], str)
    return value if well_typed else None


def _framing(events: Sequence[Frame]) -> Iterator[Finding]:
    twice = _named(frame for frame in events if any(line.startswith("data:") for line in frame.data))
    if twice:
        yield fault(f"Events are framed twice, clients read “data: data: …”: {twice}.", COMPARE)
    lines = _named(frame for frame in events if len(frame.data) != 1)
    if lines:
        yield fault(f"Events have not exactly one data line: {lines}.", COMPARE)


def _encoding(events: Sequence[Frame]) -> Iterator[Finding]:
    framed = [frame for frame in events if not any(line.startswith("data:") for line in frame.data)]
    twice = [frame for frame in framed if _is_encoded_twice(frame)]
    if twice:
        yield fault(f"Events hold JSON inside JSON, encoded twice: {_named(twice)}.", COMPARE)
    bare = _named(frame for frame in framed if frame not in twice and envelope_of(frame) is None)
    if bare:
        yield fault(f"Events are no envelope of status, message and data: {bare}.", COMPARE)
    escaped = _named(frame for frame in framed if any(_has_escapes(line) for line in frame.data))
    if escaped:
        yield fault(f"Korean is not readable, it is written as \\u escapes: {escaped}.", COMPARE)
    garbled = _named(frame for frame in framed if any("\ufffd" in line for line in frame.data))
    if garbled:
        yield fault(f"Events are not valid UTF-8: {garbled}.", COMPARE)


def _numbers(events: Sequence[Frame]) -> Finding:
    ids = [_EVENT_ID.fullmatch(frame.id) for frame in events]
    if not all(ids):
        missing = _named(frame for frame, found in zip(events, ids, strict=True) if not found)
        return fault(f"Events have no id generation-<id>:<n>, so EventSource cannot resume: {missing}.", COMPARE)
    if len({found[1] for found in ids if found}) > 1:
        return fault("The stream mixes the events of several generations.", COMPARE)
    numbers = [int(found[2]) for found in ids if found]
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            return fault(f"Event ids do not rise by one: {number} stands where {expected} should.", COMPARE)
    return ok(f"Event ids rise by one from 1 to {len(numbers)}, without a gap.")


def _end(events: Sequence[Frame], *, rest: bool, ending: Ending) -> Finding:
    places = [place for place, frame in enumerate(events) if frame.name in TERMINAL]
    if not places:
        return fault(
            f"The stream has no close or error event; it {_ENDINGS[ending]}.",
            "Give more time with --timeout; else look for a time limit on responses in the proxy "
            "(nginx: proxy_read_timeout), or into the server's log.",
        )
    names = " and ".join(events[place].name for place in places)
    if len(places) > 1:
        return fault(f"The stream has {len(places)} terminal events ({names}): clients act twice.", COMPARE)
    if places[0] < len(events) - 1 or rest:
        return fault(f"Something follows the terminal event {names}.", COMPARE)
    if ending != "ended":
        return fault(
            f"After the event {names} the response {_ENDINGS[ending]}: clients wait, or reconnect.",
            "Let the proxy end its response when the server does.",
        )
    return ok(f"One terminal event ({names}) ends the stream, and the response with it.")


_ENDINGS = {"ended": "ended", "broken": "broke off", "unfinished": "did not end in time"}


def _is_encoded_twice(frame: Frame) -> bool:
    value = _decoded("\n".join(frame.data))
    if isinstance(value, dict):
        value = value.get("data")
        if isinstance(value, dict):
            value = value.get("token")
    return isinstance(value, str) and isinstance(_decoded(value), dict | list)


def _has_escapes(text: str) -> bool:
    """Whether characters are escaped that JSON does not want escaped: only control characters must be."""
    return any(int(digits, 16) > 0x9F for digits in _ESCAPE.findall(text))


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _named(frames: Iterator[Frame] | Sequence[Frame]) -> str:
    """The frames by name and number of occurrences, such as “start, 25 × challenge”; "" for none."""
    counts: dict[str, int] = {}
    for frame in frames:
        counts[frame.name] = counts.get(frame.name, 0) + 1
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counts.items())
