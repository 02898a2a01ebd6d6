"""Checks a recorded stream as a client receives it: its format, its text, its answer and its timing."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from django.core import checks

from chatbot.answers.rules import Answer, Challenge, broken_rules, layout
from chatbot.diagnostics.deployment import HOST_SETTING, Target
from chatbot.diagnostics.findings import found
from chatbot.diagnostics.visit import (
    OPTIONS,
    SESSIONS,
    STREAM,
    ReceivedEvent,
    Response,
    Visit,
    explain_status,
    refused_host,
)
from chatbot.events.types import TERMINAL

FIRST_WORDS_SECONDS = 1.0
"""The time within which the first words should appear."""
STEP_SECONDS = 0.02
"""Events that arrive closer together than this count as one group. The server sends text every 50 ms."""
JUDGED_SECONDS = 0.6
"""An answer that was written in less time may arrive in one group even if no proxy buffers it."""

_EVENT_ID = re.compile(r"(generation-[0-9a-f-]{36}):([1-9][0-9]{0,8})")
_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*\\u([0-9a-fA-F]{4})")
_ENDINGS = {"ended": "ended", "broken": "broke off", "unfinished": "did not end in time"}


def check_stream(visit: Visit, target: Target) -> Iterator[checks.CheckMessage]:
    """The findings about the stream of a visit."""
    for response, path in ((visit.options, OPTIONS), (visit.stream, STREAM)):
        refused = explain_status(response, target, path) if response else None
        if refused:
            yield refused
        elif response is visit.stream and response:
            yield from judge_stream(response, target, written=visit.written)
    if not visit.deleted:
        session = visit.session_id
        yield found("stream.session_stays", session=session, url=f"{target}{SESSIONS}{session}")


def judge_stream(response: Response, target: Target, *, written: float | None = None) -> Iterator[checks.CheckMessage]:
    """The findings about a response with status 200.

    ``written`` is how many seconds the server took to write the answer; None if unknown.
    """
    events = response.events
    first = envelope_of(events[0]) if events else None
    if first and first["status"] == 400 and HOST_SETTING in str(first["message"]):
        yield refused_host(target)
        return
    yield from _headers(response)
    if not events:
        yield found("stream.no_event")
        return
    yield from _framing(events)
    yield _numbers(events)
    yield _end(events, response)
    if events[-1].name in TERMINAL:
        yield from judge_answer(events)
    words = [event.seconds for event in events if event.name == "challenge"]
    if words:
        name = "pace.quick" if words[0] <= FIRST_WORDS_SECONDS else "pace.slow"
        yield found(name, seconds=words[0], promised=FIRST_WORDS_SECONDS)
    if events[-1].name == "close":
        yield judge_pace([event.seconds for event in events], written=written)


def _headers(response: Response) -> Iterator[checks.CheckMessage]:
    headers = response.headers
    kind = headers.get("content-type", "")
    is_stream = kind.partition(";")[0].strip().lower() == "text/event-stream"
    yield found("stream.opens" if is_stream else "stream.no_stream", kind=kind or "of no type")
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        yield found("stream.compressed", encoding=encoding)
    # nginx removes this header, so its absence means nothing.
    if not headers.get("x-accel-buffering") and "nginx" not in headers.get("server", "").lower():
        yield found("stream.may_be_buffered")


def _framing(events: Sequence[ReceivedEvent]) -> Iterator[checks.CheckMessage]:
    """Whether each event has one line of JSON with an envelope that was encoded once."""
    framed = [event for event in events if not re.search("^data:", event.data, re.MULTILINE)]
    encoded_once = [event for event in framed if not _is_encoded_twice(event)]
    faults = {
        "stream.framed_twice": [event for event in events if event not in framed],
        "stream.data_lines": [event for event in events if "\n" in event.data],
        "stream.encoded_twice": [event for event in framed if event not in encoded_once],
        "stream.no_envelope": [event for event in encoded_once if envelope_of(event) is None],
        # JSON requires escapes only for control characters.
        "stream.escaped": [
            event for event in framed if any(int(digits, 16) > 0x9F for digits in _ESCAPE.findall(event.data))
        ],
        "stream.not_utf8": [event for event in framed if "\ufffd" in event.data],
    }
    for name, faulty in faults.items():
        if faulty:
            yield found(name, events=_named(faulty))
    if not any(faults.values()):
        yield found("stream.well_formed", count=len(events))


def _numbers(events: Sequence[ReceivedEvent]) -> checks.CheckMessage:
    ids = [_EVENT_ID.fullmatch(event.id) for event in events]
    matches = [match for match in ids if match]
    if len(matches) < len(events):
        return found(
            "stream.no_id", events=_named([event for event, match in zip(events, ids, strict=True) if not match])
        )
    if len({match[1] for match in matches}) > 1:
        return found("stream.mixed")
    for expected, match in enumerate(matches, start=1):
        if int(match[2]) != expected:
            return found("stream.gap", number=match[2], expected=expected)
    return found("stream.numbered", count=len(events))


def _end(events: Sequence[ReceivedEvent], response: Response) -> checks.CheckMessage:
    terminal = [event for event in events if event.name in TERMINAL]
    names = " and ".join(event.name for event in terminal)
    ending = _ENDINGS[response.ending]
    if not terminal:
        return found("stream.no_end", ending=ending)
    if len(terminal) > 1:
        return found("stream.two_ends", count=len(terminal), names=names)
    if terminal[0] is not events[-1] or response.has_rest:
        return found("stream.continues", names=names)
    return found("stream.ends" if response.ending == "ended" else "stream.stays_open", names=names, ending=ending)


def judge_answer(events: Sequence[ReceivedEvent]) -> Iterator[checks.CheckMessage]:
    """The findings about the answer of a stream that reached its terminal event."""
    last = envelope_of(events[-1])
    if last is None:
        return  # the format is wrong, which another check reports
    if events[-1].name == "error":
        yield found("answer.error_event", status=last["status"], message=last["message"])
        return
    answer = last["data"]
    if not isinstance(answer, dict):
        yield found("answer.none")
        return
    text = _laid_out(answer)
    if text is None:
        yield found("answer.incomplete")
    else:
        yield found("answer.same_text" if text == shown_text(events) else "answer.other_text")
    category = _payload(events[0]).get("category") if events[0].name == "start" else None
    label = str(category.get("label", "")) if isinstance(category, dict) else ""
    broken = broken_rules(answer.get("recommend"), answer.get("challenges"), label=label)
    yield found("answer.broken" if broken else "answer.good", problems="; ".join(broken))


def shown_text(events: Sequence[ReceivedEvent]) -> str:
    """The joined tokens with every ``rewrite`` applied. Both token formats are accepted."""
    text = ""
    for event in events:
        payload = _payload(event)
        if event.name == "challenge":
            text += token if isinstance(token := payload.get("token"), str) else ""
        elif event.name == "rewrite" and isinstance(length := payload.get("length"), int):
            text = text.encode("utf-16-le", "surrogatepass")[: 2 * length].decode("utf-16-le", "replace")
    return text


def _laid_out(answer: dict[str, object]) -> str | None:
    """The answer in ``close`` as the text that a person reads; None when a part is missing."""
    match answer:
        case {"recommend": str(recommend), "challenges": list(items)}:
            challenges = []
            for item in items:
                match item:
                    case {"title": str(title), "description": str(description)}:
                        challenges.append(Challenge(title, description, category="", label=""))
            if len(challenges) == len(items):
                return layout(Answer(recommend, tuple(challenges)))
    return None


def judge_pace(seconds: Sequence[float], *, written: float | None) -> checks.CheckMessage:
    """Whether events arrive one by one. ``seconds`` are the arrival times of the events.

    ``written`` is how many seconds the server took to write them. It is None if that is unknown, because the check uses
    another database than the server.
    """
    steps = count_steps(seconds)
    if steps >= max(3, len(seconds) // 4):
        return found("pace.steady", count=len(seconds), steps=steps)
    lumps = "in one lump" if steps == 1 else f"in only {steps} lumps"
    came = f"{len(seconds)} events came {lumps}, {seconds[0]:.2f} to {seconds[-1]:.2f} s after the request"
    if (seconds[-1] if written is None else written) < JUDGED_SECONDS:
        return found("pace.unknown", came=came)
    return found("pace.may_be_buffered" if written is None else "pace.buffered", came=came, written=written)


def count_steps(seconds: Sequence[float]) -> int:
    """The number of groups of events, with pauses between them."""
    return bool(seconds) + sum(later - earlier >= STEP_SECONDS for earlier, later in pairwise(seconds))


def envelope_of(event: ReceivedEvent) -> dict[str, object] | None:
    """The event's envelope, ``{"status", "message", "data"}``; None when it has no envelope."""
    value = _decoded(event.data)
    if not isinstance(value, dict) or not {"status", "message", "data"} <= value.keys():
        return None
    return value if type(value["status"]) is int and isinstance(value["message"], str) else None


def _payload(event: ReceivedEvent) -> dict[str, object]:
    """The data in the envelope. A bare string is a token too: clients can choose that format."""
    data = (envelope_of(event) or {}).get("data")
    return data if isinstance(data, dict) else {"token": data}


def _is_encoded_twice(event: ReceivedEvent) -> bool:
    value = _decoded(event.data)
    for key in ("data", "token"):
        value = value.get(key) if isinstance(value, dict) else value
    return isinstance(value, str) and isinstance(_decoded(value), dict | list)


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _named(events: Sequence[ReceivedEvent]) -> str:
    """The names of the events with their number, such as “start, 25 × challenge”."""
    counts = Counter(event.name for event in events)
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counts.items())
