"""The bytes of an SSE stream."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from django_eventstream.views import get_listener_manager

from chatbot.events import eventstream
from chatbot.events.eventstream import erase
from chatbot.events.log import StreamEnd
from chatbot.events.subscription import KEEP_ALIVE, OPEN, RESET, Subscription, chunks, single_event_response
from chatbot.events.types import Close, Start, Token
from tests.chatbot.events.written import Written

CLOSE = Close("recommendation", "비건", [])


async def whole(generation: Written) -> bytes:
    """The stream until its end."""
    async with asyncio.timeout(10):
        received = b"".join([chunk async for chunk in chunks(generation.subscriptions())])
    assert (generation.subscription_count, generation.subscriber_count) == (1, 0)
    assert get_listener_manager().listeners_by_channel == {}
    return received


async def test_what_was_written_comes_at_once_and_the_stream_ends() -> None:
    generation = Written(Token("가"), Token("나"), CLOSE)
    assert await whole(generation) == OPEN + generation.framed(Token("가"), Token("나"), CLOSE)


async def test_what_comes_at_the_same_moment_comes_together() -> None:
    generation = Written(Token("가"))
    stream = chunks(generation.subscriptions())
    assert await anext(stream) == OPEN + generation.framed(Token("가"))
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    assert not waiting.done()
    generation.write(Token("나"), CLOSE)
    assert await waiting == generation.framed(Token("나"), CLOSE, first=2)
    assert [chunk async for chunk in stream] == []


async def test_no_event_is_lost_to_a_slow_client() -> None:
    generation = Written(Token("가"))
    stream = chunks(generation.subscriptions())
    await anext(stream)
    tokens = [Token(str(number)) for number in range(250)]
    generation.write(*tokens, CLOSE)
    assert b"".join([chunk async for chunk in stream]) == generation.framed(*tokens, CLOSE, first=2)


async def test_a_client_that_resumes_gets_the_rest() -> None:
    generation = Written(Token("가"), CLOSE, after=1)
    assert await whole(generation) == OPEN + generation.framed(CLOSE, first=2)


async def test_a_reset_comes_first() -> None:
    generation = Written(CLOSE, reset=True)
    assert await whole(generation) == RESET + OPEN + generation.framed(CLOSE)


async def test_each_client_gets_its_own_session_id() -> None:
    start = ("g", "VEGAN", "비건", "base-info@1", "catalog")
    generation = Written(Start(*start), CLOSE)
    assert await whole(generation) == OPEN + generation.framed(Start(*start, "user1"), CLOSE)


async def test_bare_string_tokens() -> None:
    received = await whole(Written(Token('나 "는"\n'), CLOSE, token_format="text"))
    assert 'data: {"status":200,"message":"토큰 생성","data":"나 \\"는\\"\\n"}\n' in received.decode()


async def test_a_generation_that_is_given_up_is_not_waited_for() -> None:
    generation = Written(Token("가"))
    generation.given_up = True
    assert await whole(generation) == b""


async def test_an_erased_log_ends_the_stream() -> None:
    generation = Written(Token("가"))
    stream = chunks(generation.subscriptions())
    await anext(stream)
    erase(generation.id)
    generation.write(Token("나"))
    erase(generation.id)
    assert [chunk async for chunk in stream] == []
    assert generation.subscriber_count == 0


async def test_a_stream_end_replaces_what_would_follow() -> None:
    stopped = Close("recommendation", "가", [], stopped=True)
    generation = Written(Token("가"), Token("나"), CLOSE)
    generation.stream_ends["user1"] = StreamEnd(1, [stopped])
    assert await whole(generation) == OPEN + generation.framed(Token("가"), stopped)


async def test_silence_is_broken_by_keep_alives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eventstream, "WAKE_SECONDS", 0.02)
    generation = Written(Token("가"))
    stream = chunks(generation.subscriptions())
    await anext(stream)
    assert [await anext(stream), await anext(stream)] == [KEEP_ALIVE, KEEP_ALIVE]
    generation.write(CLOSE)
    assert generation.framed(CLOSE, first=2) in [chunk async for chunk in stream]


def test_no_client_waits_ten_seconds_for_a_byte() -> None:
    """An event just after a subscriber woke up delays the next keep-alive until it wakes up for the second time."""
    assert eventstream.WAKE_SECONDS * 1.5 <= 8


def test_a_stream_says_how_to_read_it_and_when_to_reconnect() -> None:
    response = single_event_response("close", "{}")
    assert {name: response[name] for name in ("Content-Type", "Cache-Control", "X-Accel-Buffering")} == {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no",
    }
    assert OPEN.lstrip(b": \n") == b"event: stream-open\nretry: 1000\ndata:\n\n"


async def test_a_client_that_goes_away_is_no_subscriber_any_more() -> None:
    generation = Written(Token("가"))
    stream = chunks(generation.subscriptions())
    await anext(stream)
    assert generation.subscriber_count == 1
    await stream.aclose()
    assert generation.subscriber_count == 0
    assert get_listener_manager().listeners_by_channel == {}


async def test_a_generation_whose_process_was_lost_is_followed_by_another() -> None:
    """On the same connection, which says so."""
    first, second = Written(Token("가")), Written(Token("나"), CLOSE, reset=True)

    async def both() -> AsyncGenerator[Subscription, None]:
        for generation in (first, second):
            async for subscription in generation.subscriptions():
                yield subscription

    stream = chunks(both())
    received = await anext(stream)
    erase(first.id)
    async with asyncio.timeout(10):
        received += b"".join([chunk async for chunk in stream])
    assert received == OPEN + first.framed(Token("가")) + RESET + second.framed(Token("나"), CLOSE)
    assert (first.subscriber_count, second.subscription_count, second.subscriber_count) == (0, 1, 0)


async def test_a_client_that_has_seen_more_than_there_is_left_gets_rising_numbers() -> None:
    generation = Written(Token("가"), after=5)
    generation.stream_ends["user1"] = StreamEnd(1, [CLOSE], 6)
    assert await whole(generation) == OPEN + generation.framed(CLOSE, first=6)


async def test_a_number_beyond_the_end_ends_the_stream() -> None:
    assert await whole(Written(Token("가"), CLOSE, after=7)) == OPEN
