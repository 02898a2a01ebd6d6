"""Whether a stream brought everything, once, in order, and ended as it should."""

import json
from collections.abc import Sequence
from typing import Any

from benchmarks.answers import laid_out, without_stamps
from benchmarks.client.wire import SentEvent

TERMINAL = frozenset({"close", "error"})


class Fault(Exception):
    """What is wrong with a stream."""


def text_of(events: Sequence[SentEvent]) -> str:
    """The text of all tokens."""
    return "".join(json.loads(event.data)["data"]["token"] for event in events if event.name == "challenge")


def check_ours(events: Sequence[SentEvent], layout: str | None) -> None:
    """Raises Fault unless the events are numbered from 1 without gaps, end with one ``close``, and their tokens are the
    layout of its answer, which is ``layout`` (stamps apart) where one is expected."""
    answer = _closing_answer(events)
    numbers = [int(event.id.rpartition(":")[2]) for event in events if event.id]
    if numbers != list(range(1, len(numbers) + 1)) or len({event.id.rpartition(":")[0] for event in events}) > 2:
        raise Fault(f"events are numbered {numbers[:5]}… of {len(numbers)}")
    unexpected = {event.name for event in events} - {"start", "challenge", "item", "close", "stream-open"}
    if unexpected:
        raise Fault(f"unexpected events: {sorted(unexpected)}")
    text = text_of(events)
    if text != laid_out(answer):
        raise Fault("the tokens are not the layout of the closing answer")
    if layout is not None and without_stamps(text) != layout:
        raise Fault("the answer is not what the provider wrote")
    if sum(event.name == "item" for event in events) != 3 or len(answer["challenges"]) != 3:
        raise Fault("not three challenges")


def check_peer(events: Sequence[SentEvent], text: str | None) -> None:
    """Raises Fault unless the events end with one ``close``, and their tokens are the JSON of its answer, which is
    ``text`` (stamps apart) where one is expected."""
    answer = _closing_answer(events)
    told = text_of(events)
    if text is not None and without_stamps(told) != text:
        raise Fault("the tokens are not what the provider wrote")
    if json.loads(told) != answer:
        raise Fault("the tokens are not the closing answer")


def _closing_answer(events: Sequence[SentEvent]) -> dict[str, Any]:
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
