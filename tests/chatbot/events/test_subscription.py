"""The events that one client gets from a generation."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from chatbot.events import subscription
from chatbot.events.eventstream import erase, notify
from chatbot.events.log import Numbered, StreamEnd
from chatbot.events.types import Close, Event, Start, Token, encode_event
from tests.chatbot.events.written import Written

CLOSE = Close("recommendation", "비건", [])
STOPPED = Close("recommendation", "비건", [], stopped=True)


async def all_of(generation: Written) -> list[Numbered]:
    """The events for the subscriber until its end."""
    async with asyncio.timeout(10):
        received = [event async for event in generation.received()]
    assert (generation.subscription_count, generation.subscriber_count) == (1, 0)
    return received


def numbered(*events: Event, first: int = 1) -> list[Numbered]:
    return [Numbered(event.name, number, encode_event(event)) for number, event in enumerate(events, start=first)]


async def next_of(received: AsyncGenerator[Numbered, None]) -> Numbered:
    return await asyncio.wait_for(anext(received), 10)


async def test_a_finished_log_is_read_to_its_end() -> None:
    assert await all_of(Written(Token("가"), Token("나"), CLOSE)) == numbered(Token("가"), Token("나"), CLOSE)


async def test_more_events_than_are_read_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(subscription, "BATCH", 2)
    texts = [Token(str(number)) for number in range(7)]
    assert await all_of(Written(*texts, CLOSE)) == numbered(*texts, CLOSE)


async def test_what_is_written_later_arrives_as_it_is_written() -> None:
    generation = Written(Token("가"))
    received = generation.received()
    assert await next_of(received) == numbered(Token("가"))[0]
    rest: list[Event] = [Token("나"), Token("다"), CLOSE]
    for number, event in enumerate(rest, start=2):
        waiting = asyncio.create_task(next_of(received))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        generation.write(event)
        assert await waiting == numbered(event, first=number)[0]
    assert [event async for event in received] == []
    assert generation.subscriber_count == 0


async def test_a_client_that_resumes_gets_the_rest() -> None:
    assert await all_of(Written(Token("가"), Token("나"), CLOSE, after=2)) == numbered(CLOSE, first=3)


async def test_each_client_gets_its_own_form() -> None:
    start = ("g", "VEGAN", "비건", "base-info@1", "catalog")
    own, token, _ = await all_of(Written(Start(*start), Token("가"), CLOSE, token_format="text"))
    assert own.data == encode_event(Start(*start, "user1"))
    assert token.data == '{"status":200,"message":"토큰 생성","data":"가"}'


async def test_a_generation_that_is_given_up_is_not_waited_for() -> None:
    generation = Written(Token("가"))
    generation.given_up = True
    assert await all_of(generation) == []


async def test_an_erased_log_ends_the_stream() -> None:
    generation = Written(Token("가"))
    received = generation.received()
    await next_of(received)
    erase(generation.id)
    assert [event async for event in received] == []
    assert generation.subscriber_count == 0


async def test_a_stream_end_replaces_what_would_follow() -> None:
    generation = Written(Token("가"), Token("나"), CLOSE)
    generation.stream_ends["user1"] = StreamEnd(1, [STOPPED])
    generation.stream_ends["other"] = StreamEnd(0, [])
    assert await all_of(generation) == numbered(Token("가"), STOPPED)


async def test_a_stream_end_comes_without_another_event() -> None:
    generation = Written(Token("가"))
    received = generation.received()
    await next_of(received)
    waiting = asyncio.create_task(next_of(received))
    await asyncio.sleep(0)
    generation.stream_ends["user1"] = StreamEnd(1, [STOPPED])
    notify(generation.id)
    assert await waiting == numbered(STOPPED, first=2)[0]
    assert [event async for event in received] == []


async def test_a_client_that_goes_away_is_no_subscriber_any_more() -> None:
    generation = Written(Token("가"))
    received = generation.received()
    await next_of(received)
    assert generation.subscriber_count == 1
    await received.aclose()
    assert generation.subscriber_count == 0
