"""The log, the cursor of a client, and the early end of one session's stream."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.events.log import Cursor, EventLog, LogState, StreamEnd, channel_of, event_id, parse_cursor
from chatbot.events.types import Close, Event, Failed, Rewrite, Token


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def numbers(log: EventLog, generation_id: uuid.UUID, *, after: int = 0, limit: int = 100) -> list[int]:
    return [event.number for event in log.after(channel_of(generation_id), after, limit)]


def write(log: EventLog, *names: str) -> uuid.UUID:
    generation_id = uuid.uuid4()
    for name in names:
        log.append(channel_of(generation_id), name, "x" * 100)
    return generation_id


def test_events_are_numbered_without_gaps() -> None:
    log = EventLog(keep_seconds=60, max_bytes=10_000)
    one = write(log, "start", "challenge", "challenge")
    other = write(log, "start")
    assert (numbers(log, one), numbers(log, other)) == ([1, 2, 3], [1])
    assert numbers(log, one, after=1, limit=1) == [2]
    assert numbers(log, one, after=3) == []
    assert log.state(one) == LogState(last=3, ended=False)


def test_nothing_follows_a_terminal_event() -> None:
    log = EventLog(keep_seconds=60, max_bytes=10_000)
    one = write(log, "start", "close")
    with pytest.raises(ValueError, match="nothing follows"):
        log.append(channel_of(one), "challenge", "late")
    assert log.state(one) == LogState(last=2, ended=True)


def test_an_ended_log_expires_a_running_one_does_not() -> None:
    clock = Clock()
    log = EventLog(keep_seconds=60, max_bytes=10_000, clock=clock)
    ended, running = write(log, "start", "close"), write(log, "start")
    clock.now = 59
    assert log.state(ended) is not None
    clock.now = 61
    assert log.state(ended) is None
    assert log.state(running) == LogState(last=1, ended=False)
    with pytest.raises(KeyError):
        log.after(channel_of(ended), 0, 100)


def test_the_oldest_ended_logs_go_when_all_together_are_too_large() -> None:
    clock = Clock()
    log = EventLog(keep_seconds=60, max_bytes=2_000, clock=clock)
    running = write(log, "start")
    first, second, third = (write(log, "start", "close") for _ in range(3))
    assert log.state(first) is not None  # its subscribers still read its end
    clock.now = 3
    assert [log.state(one) is not None for one in (running, first, second, third)] == [True, False, True, True]
    assert log.size <= 2_000


def test_forgetting_frees_everything() -> None:
    log = EventLog(keep_seconds=60, max_bytes=10_000)
    one = write(log, "start", "close")
    log.forget(one)
    log.forget(one)
    assert (log.state(one), log.size, len(log)) == (None, 0, 0)


ID = uuid.UUID("7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10")


def test_a_cursor_is_an_event_id_that_comes_back() -> None:
    assert event_id(ID, 17) == "generation-7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10:17"
    assert parse_cursor(event_id(ID, 17)) == Cursor(ID, 17)


WHOLE = f"generation-{ID}:1"


@pytest.mark.parametrize(
    "text", [None, "", "17", "error", "generation-../../etc:1", WHOLE[:-2], WHOLE[:-1], f" {WHOLE}"]
)
@pytest.mark.parametrize("tail", ["", "\n", ",other:2"])
def test_what_is_no_event_id_is_no_cursor(text: str | None, tail: str) -> None:
    assert parse_cursor(text and text + tail) is None


@pytest.mark.parametrize("number", ["0", "-1", "01", "9999999999", "１", "1\n", "1,other:2"])
def test_a_malformed_number_is_no_cursor(number: str) -> None:
    assert parse_cursor(WHOLE[:-1] + number) is None


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    assert parse_cursor(text) is None


BACK = Rewrite(0)
TEXT = Token("비건을 시작해요.")
CLOSE = Close("recommendation", "비건을 시작해요.", [])
FAILED = Failed(502, "실패했습니다.")


@pytest.mark.parametrize(
    ("seen", "after"),
    [
        (0, [(4, BACK), (5, CLOSE)]),
        (3, [(4, BACK), (5, CLOSE)]),
        (4, [(5, CLOSE)]),
        (5, []),
        (6, []),
    ],
)
def test_the_end_of_a_session_has_its_own_numbers(seen: int, after: list[tuple[int, Event]]) -> None:
    stream_end = StreamEnd(3, [BACK, CLOSE])
    assert stream_end.end == 5
    assert stream_end.after(seen) == after


@pytest.mark.parametrize(
    ("seen", "after"),
    [
        (0, [(4, BACK), (5, BACK), (6, TEXT), (7, CLOSE)]),
        (4, [(5, BACK), (6, TEXT), (7, CLOSE)]),
        (6, [(7, BACK), (8, TEXT), (9, CLOSE)]),
        (7, []),
    ],
)
def test_the_whole_instead_of_what_is_lost_ends_where_that_did(seen: int, after: list[tuple[int, Event]]) -> None:
    assert StreamEnd(3, [BACK, TEXT, CLOSE], 7).after(seen) == after


def test_a_failure_instead_of_what_is_lost_ends_where_that_did() -> None:
    assert [StreamEnd(3, [FAILED], 7).after(seen) for seen in (3, 6, 7)] == [[(7, FAILED)], [(7, FAILED)], []]
