import asyncio
import uuid
from typing import Any

import pytest
from django_eventstream.views import get_listener_manager

from chatbot.events import sse as relaying
from chatbot.events.cursor import event_id
from chatbot.events.log import event_log
from chatbot.events.publisher import Publisher, wake_listeners
from chatbot.events.sse import KEEP_ALIVE, OPEN, RESET, relay
from chatbot.events.subscription import StreamEnd, Subscription
from chatbot.events.types import Close, Event, Start, Token, encode_event, frame

CLOSE = Close("recommendation", "비건", [])


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

    def framed(self, *events: Event, first: int = 1) -> bytes:
        """The events as they stand on the wire."""
        numbered = enumerate(events, start=first)
        return "".join(frame(it.name, encode_event(it), event_id=event_id(self.id, n)) for n, it in numbered).encode()

    async def hears(self) -> bytes:
        async with asyncio.timeout(10):
            heard = b"".join([chunk async for chunk in relay(self.listening)])
        assert (self.opened, self.open) == (1, 0)
        assert get_listener_manager().listeners_by_channel == {}
        return heard


async def test_what_was_written_comes_at_once_and_the_stream_ends() -> None:
    ear = Ear()
    ear.write(Token("가"), Token("나"), CLOSE)
    assert await ear.hears() == OPEN + ear.framed(Token("가"), Token("나"), CLOSE)


async def test_what_comes_at_the_same_moment_comes_together() -> None:
    ear = Ear()
    stream = relay(ear.listening)
    ear.write(Token("가"))
    assert await anext(stream) == OPEN + ear.framed(Token("가"))
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    assert not waiting.done()
    ear.write(Token("나"), CLOSE)
    assert await waiting == ear.framed(Token("나"), CLOSE, first=2)
    assert [chunk async for chunk in stream] == []


async def test_no_event_is_lost_to_who_is_far_behind() -> None:
    ear = Ear()
    ear.write(Token("가"))
    stream = relay(ear.listening)
    await anext(stream)
    tokens = [Token(str(number)) for number in range(250)]
    ear.write(*tokens, CLOSE)
    assert b"".join([chunk async for chunk in stream]) == ear.framed(*tokens, CLOSE, first=2)


async def test_a_listener_that_resumes_gets_the_rest() -> None:
    ear = Ear(after=1)
    ear.write(Token("가"), CLOSE)
    assert await ear.hears() == OPEN + ear.framed(CLOSE, first=2)


async def test_a_reset_comes_first() -> None:
    ear = Ear(reset=True)
    ear.write(CLOSE)
    assert await ear.hears() == RESET + OPEN + ear.framed(CLOSE)


async def test_each_listener_is_told_its_own_session() -> None:
    ear = Ear()
    start = ("VEGAN", "비건", "base-info@1", "catalog")
    ear.write(Start(str(ear.id), *start), CLOSE)
    assert await ear.hears() == OPEN + ear.framed(Start(str(ear.id), *start, "user1"), CLOSE)


async def test_bare_string_tokens() -> None:
    ear = Ear(token_format="text")
    ear.write(Token('나 "는"\n'), CLOSE)
    assert b'data: {"status":200,"message":"\xed\x86\xa0\xed\x81\xb0 \xec\x83\x9d\xec\x84\xb1","data":"' in (
        heard := await ear.hears()
    )
    assert '"data":"나 \\"는\\"\\n"}\n\n' in heard.decode()


async def test_a_generation_that_is_given_up_is_not_waited_for() -> None:
    ear = Ear()
    ear.worth = False
    ear.write(Token("가"))
    assert await ear.hears() == b""


async def test_an_erased_log_ends_the_stream() -> None:
    ear = Ear()
    ear.write(Token("가"))
    stream = relay(ear.listening)
    await anext(stream)
    event_log.forget(ear.id)
    ear.write(Token("나"))
    event_log.forget(ear.id)
    assert [chunk async for chunk in stream] == []
    assert ear.open == 0


async def test_a_farewell_replaces_what_would_follow() -> None:
    stopped = Close("recommendation", "가", [], stopped=True)
    ear = Ear(stream_end=lambda: StreamEnd(1, [stopped]))
    ear.write(Token("가"), Token("나"), CLOSE)
    assert await ear.hears() == OPEN + ear.framed(Token("가"), stopped)


async def test_silence_is_broken_by_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "KEEP_ALIVE_SECONDS", 0.02)
    ear = Ear()
    ear.write(Token("가"))
    stream = relay(ear.listening)
    await anext(stream)
    assert [await anext(stream), await anext(stream)] == [KEEP_ALIVE, KEEP_ALIVE]
    ear.write(CLOSE)
    assert ear.framed(CLOSE, first=2) in [chunk async for chunk in stream]


async def test_a_client_that_goes_away_is_no_longer_listening() -> None:
    ear = Ear()
    ear.write(Token("가"))
    stream = relay(ear.listening)
    await anext(stream)
    assert ear.open == 1
    await stream.aclose()
    assert ear.open == 0
    assert get_listener_manager().listeners_by_channel == {}


async def test_a_generation_that_died_elsewhere_is_followed_by_another() -> None:
    """On the same connection, which says so."""
    second = Ear(reset=True)

    async def again() -> Subscription | None:
        return second.listening

    ear = Ear(again=again)
    stream = relay(ear.listening)
    ear.write(Token("가"))
    heard = await anext(stream)
    event_log.forget(ear.id)
    wake_listeners(ear.id)
    second.write(Token("나"), CLOSE)
    async with asyncio.timeout(10):
        heard += b"".join([chunk async for chunk in stream])
    assert heard == OPEN + ear.framed(Token("가")) + RESET + second.framed(Token("나"), CLOSE)
    assert (ear.open, second.opened, second.open) == (0, 1, 0)


async def test_behind_the_end_nothing_is_asked_for_again() -> None:
    async def again() -> Subscription | None:
        raise AssertionError

    ear = Ear(again=again)
    ear.write(Token("가"), CLOSE)
    assert await ear.hears() == OPEN + ear.framed(Token("가"), CLOSE)


async def test_who_has_seen_more_than_there_is_left_gets_rising_numbers() -> None:
    ear = Ear(after=5, stream_end=lambda: StreamEnd(1, [CLOSE], 6))
    ear.write(Token("가"))
    assert await ear.hears() == OPEN + ear.framed(CLOSE, first=6)


async def test_a_number_beyond_the_end_ends_the_stream() -> None:
    ear = Ear(after=7)
    ear.write(Token("가"), CLOSE)
    assert await ear.hears() == OPEN
