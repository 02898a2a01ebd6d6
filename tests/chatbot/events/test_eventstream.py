"""The adapter to django-eventstream: storage, publishing, and waking subscribers."""

import asyncio
import uuid

import pytest
from django_eventstream.storage import EventDoesNotExist
from django_eventstream.views import get_listener_manager

from chatbot.events import eventstream, log
from chatbot.events.eventstream import EventLogStorage, Publisher, notify, woken
from chatbot.events.log import EventLog, channel_of, event_log
from chatbot.events.types import Rewrite, Token


def test_the_storage_that_django_eventstream_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "event_log", EventLog(keep_seconds=60, max_bytes=10_000))
    storage = EventLogStorage()
    assert storage.append_event("c", "start", "{}").id == 1
    assert EventLogStorage().get_current_id("c") == 1
    assert [event.type for event in EventLogStorage().get_events("c", 0)] == ["start"]
    assert storage.get_current_id("other") == 0
    with pytest.raises(EventDoesNotExist):
        storage.get_events("other", 0)


async def test_events_are_numbered_in_their_order() -> None:
    generation_id = uuid.uuid4()
    publisher = Publisher(generation_id)
    for event in (Token("가"), Rewrite(1), Token("나")):
        publisher.send(event)
    assert publisher.count == 3
    assert [(event.number, event.name, event.data) for event in event_log.after(channel_of(generation_id), 0, 100)] == [
        (1, "challenge", '{"status":200,"message":"토큰 생성","data":{"token":"가"}}'),
        (2, "rewrite", '{"status":200,"message":"문장 수정","data":{"length":1}}'),
        (3, "challenge", '{"status":200,"message":"토큰 생성","data":{"token":"나"}}'),
    ]


async def test_the_subscribers_of_a_generation_are_woken() -> None:
    one, two = uuid.uuid4(), uuid.uuid4()
    with woken(one) as waker, woken(one) as same, woken(two) as other:
        Publisher(one).send(Token("가"))
        await asyncio.wait_for(waker.wait(), 10)
        assert (same.aevent.is_set(), other.aevent.is_set()) == (True, False)
        waker.clear()
        notify(one)
        assert waker.aevent.is_set()
    assert get_listener_manager().listeners_by_channel == {}


async def test_what_happens_before_or_after_a_subscription_wakes_nothing() -> None:
    generation_id = uuid.uuid4()
    notify(generation_id)
    with woken(generation_id) as waker:
        assert not waker.aevent.is_set()
    notify(generation_id)
    assert not waker.aevent.is_set()


async def test_a_subscriber_wakes_up_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventstream, "WAKE_SECONDS", 0.01)
    with woken(uuid.uuid4()) as waker:
        for _ in range(2):
            await asyncio.wait_for(waker.wait(), 10)
            waker.clear()
