import uuid

import pytest
from django_eventstream.storage import EventDoesNotExist

from chatbot.events import log as module
from chatbot.events.cursor import channel_of
from chatbot.events.log import EventLog, EventLogStorage, LogState


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
    assert log.state(first) is not None  # who listens to it still reads its end
    clock.now = 3
    assert [log.state(one) is not None for one in (running, first, second, third)] == [True, False, True, True]
    assert log.size <= 2_000


def test_forgetting_frees_everything() -> None:
    log = EventLog(keep_seconds=60, max_bytes=10_000)
    one = write(log, "start", "close")
    log.forget(one)
    log.forget(one)
    assert (log.state(one), log.size, len(log)) == (None, 0, 0)


def test_the_storage_that_django_eventstream_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "event_log", EventLog(keep_seconds=60, max_bytes=10_000))
    storage = EventLogStorage()
    assert storage.append_event("c", "start", "{}").id == 1
    assert EventLogStorage().get_current_id("c") == 1
    assert [event.type for event in EventLogStorage().get_events("c", 0)] == ["start"]
    assert storage.get_current_id("other") == 0
    with pytest.raises(EventDoesNotExist):
        storage.get_events("other", 0)
