import asyncio
import uuid
from collections.abc import AsyncGenerator
from typing import Any

from chatbot.events import batches
from chatbot.events.batches import follow
from chatbot.events.cursor import channel_of
from chatbot.events.log import event_log
from chatbot.events.notifier import notifier
from chatbot.events.publisher import Publisher
from chatbot.events.subscription import Numbered, StreamEnd, Subscription
from chatbot.events.types import Close, Event, Start, Token, encode_event

CLOSE = Close("recommendation", "비건", [])
STOPPED = Close("recommendation", "비건", [], stopped=True)


class Ear:
    """A listener that counts, to a generation that is written here."""

    worth = True

    def __init__(self, **options: Any) -> None:
        self.id = uuid.uuid4()
        self.open = self.opened = 0
        self.publisher = Publisher(self.id)
        self.listening = Subscription(self.id, "user1", self._opened, self._closed, **options)

    def _opened(self) -> bool:
        self.open += 1
        self.opened += 1
        return self.worth

    def _closed(self) -> None:
        self.open -= 1

    def write(self, *events: Event) -> None:
        for event in events:
            self.publisher.send(event)

    async def hears(self) -> list[Numbered]:
        async with asyncio.timeout(10):
            heard = [event async for event in follow(self.listening)]
        assert (self.opened, self.open) == (1, 0)
        return heard


def numbered(*events: Event, first: int = 1) -> list[Numbered]:
    return [Numbered(event.name, number, encode_event(event)) for number, event in enumerate(events, start=first)]


async def heard_next(events: AsyncGenerator[Numbered, None]) -> Numbered:
    return await asyncio.wait_for(anext(events), 10)


async def test_a_finished_log_is_read_to_its_end() -> None:
    ear = Ear()
    ear.write(Token("가"), Token("나"), CLOSE)
    assert await ear.hears() == numbered(Token("가"), Token("나"), CLOSE)


async def test_more_events_than_are_read_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    ear = Ear()
    texts = [Token(str(number)) for number in range(7)]
    ear.write(*texts, CLOSE)
    assert await ear.hears() == numbered(*texts, CLOSE)


async def test_what_is_written_later_arrives_as_it_is_written() -> None:
    ear = Ear()
    ear.write(Token("가"))
    events = follow(ear.listening)
    assert await heard_next(events) == numbered(Token("가"))[0]
    rest: list[Event] = [Token("나"), Token("다"), CLOSE]
    for number, event in enumerate(rest, start=2):
        waiting = asyncio.create_task(heard_next(events))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        ear.write(event)
        assert await waiting == numbered(event, first=number)[0]
    assert [event async for event in events] == []
    assert ear.open == 0


async def test_a_listener_that_resumes_gets_the_rest() -> None:
    ear = Ear(after=2)
    ear.write(Token("가"), Token("나"), CLOSE)
    assert await ear.hears() == numbered(CLOSE, first=3)


async def test_each_listener_gets_its_own_form() -> None:
    ear = Ear(token_format="text")
    ear.write(Start(str(ear.id), "VEGAN", "비건", "base-info@1", "catalog"), Token("가"), CLOSE)
    start, token, _ = await ear.hears()
    assert start.data == encode_event(Start(str(ear.id), "VEGAN", "비건", "base-info@1", "catalog", "user1"))
    assert token.data == '{"status":200,"message":"토큰 생성","data":"가"}'


async def test_a_generation_that_is_given_up_is_not_waited_for() -> None:
    ear = Ear()
    ear.write(Token("가"))
    ear.worth = False
    assert await ear.hears() == []


async def test_an_erased_log_ends_the_stream() -> None:
    ear = Ear()
    ear.write(Token("가"))
    events = follow(ear.listening)
    await heard_next(events)
    event_log.forget(ear.id)
    notifier().ring(channel_of(ear.id))
    assert [event async for event in events] == []
    assert ear.open == 0


async def test_a_farewell_replaces_what_would_follow() -> None:
    ear = Ear(stream_end=lambda: StreamEnd(1, [STOPPED]))
    ear.write(Token("가"), Token("나"), CLOSE)
    assert await ear.hears() == numbered(Token("가"), STOPPED)


async def test_a_farewell_comes_without_another_event() -> None:
    stream_ends: list[StreamEnd] = []
    ear = Ear(stream_end=lambda: stream_ends[0] if stream_ends else None)
    ear.write(Token("가"))
    events = follow(ear.listening)
    await heard_next(events)
    stream_ends.append(StreamEnd(1, [STOPPED]))
    waiting = asyncio.create_task(heard_next(events))
    notifier().ring(channel_of(ear.id))
    assert await waiting == numbered(STOPPED, first=2)[0]
    assert [event async for event in events] == []


async def test_a_client_that_goes_away_is_no_longer_listening() -> None:
    ear = Ear()
    ear.write(Token("가"))
    events = follow(ear.listening)
    await heard_next(events)
    assert ear.open == 1
    await events.aclose()
    assert ear.open == 0
