"""What the stamps in a stream's text tell of its delays."""

import json
from collections.abc import Sequence

from benchmarks.answers import RECEIPT, STAMP, STAMP_PATTERN
from benchmarks.client.wire import SentEvent


def delays_of(events: Sequence[SentEvent]) -> list[float]:
    """Milliseconds from a token's being sent by the provider to its last character's arrival, for each stamp."""
    delays = []
    text, scanned = "", 0
    for event in events:
        if event.name != "challenge":
            continue
        text += json.loads(event.data)["data"]["token"]
        for found in STAMP_PATTERN.finditer(text, scanned):
            scanned = found.end()
            if found[1] == STAMP and int(found[2]):
                delays.append(event.at / 1e6 - int(found[2]) / 1e3)
    return delays


def added_by(events: Sequence[SentEvent], asked_at: int) -> float | None:
    """Milliseconds from the request (``asked_at``, in nanoseconds) to the sentence's first word, without those that
    the provider took between reading its request and sending that word. None when the text has no stamps."""
    text = ""
    first: SentEvent | None = None
    for event in events:
        if event.name != "challenge":
            continue
        text += json.loads(event.data)["data"]["token"]
        stamps = dict(STAMP_PATTERN.findall(text[:200]))
        if first is None and STAMP in text:
            first = event
        if first is not None and RECEIPT in stamps:
            sent, received = _first(text, STAMP), _first(text, RECEIPT)
            return (first.at - asked_at) / 1e6 - (sent - received) / 1e3 if received else None
    return None


def _first(text: str, name: str) -> int:
    """Microseconds in the first stamp of that name."""
    return next(int(found[2]) for found in STAMP_PATTERN.finditer(text) if found[1] == name)
