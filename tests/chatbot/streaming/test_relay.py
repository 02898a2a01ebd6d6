import uuid
from collections.abc import AsyncGenerator
from typing import Any

from chatbot.streaming.channels import event_id
from chatbot.streaming.events import Close, Start, Token, encode_event, frame
from chatbot.streaming.listening import Farewell, Listening
from chatbot.streaming.relay import RESET, relay

ID = uuid.uuid4()
OPEN = ":   \n\nevent: stream-open\ndata:\n\n"
KEEP_ALIVE = "event: keep-alive\ndata:\n\n"
START = Start(str(ID), "VEGAN", "비건", "base-info@1", "catalog")
CLOSE = Close("recommendation", "비건", [])


def numbered(number: int, event: Start | Token | Close) -> str:
    return frame(event.name, encode_event(event), event_id=event_id(ID, number))


class Ear:
    """A listener that counts."""

    worth = True

    def __init__(self, **options: Any) -> None:
        self.open = self.opened = 0
        self.listening = Listening(ID, "user1", self._opened, self._closed, **options)

    def _opened(self) -> bool:
        self.open += 1
        self.opened += 1
        return self.worth

    def _closed(self) -> None:
        self.open -= 1

    async def hears(self, *chunks: str) -> str:
        async def library() -> AsyncGenerator[bytes, None]:
            for chunk in chunks:
                yield chunk.encode()

        heard = b"".join([chunk async for chunk in relay(library(), self.listening)])
        assert (self.opened, self.open) == (1, 0)
        return heard.decode()


async def test_repeated_events_are_passed_on_once() -> None:
    one, two, three = numbered(1, Token("가")), numbered(2, Token("나")), numbered(3, CLOSE)
    assert await Ear().hears(OPEN + one, one + two, two, "", KEEP_ALIVE, one + two + three) == (
        OPEN + one + two + KEEP_ALIVE + three
    )


async def test_nothing_follows_the_terminal_event() -> None:
    assert await Ear().hears(numbered(1, CLOSE) + numbered(2, Token("나")) + KEEP_ALIVE, OPEN) == numbered(1, CLOSE)


async def test_a_listener_that_resumes_gets_the_rest() -> None:
    one, two = numbered(1, Token("가")), numbered(2, CLOSE)
    assert await Ear(after=1).hears(OPEN + one + two) == OPEN + two


async def test_a_reset_comes_first() -> None:
    assert await Ear(reset=True).hears(OPEN, numbered(1, CLOSE)) == RESET.decode() + OPEN + numbered(1, CLOSE)


async def test_each_listener_is_told_its_own_session() -> None:
    own = Start(str(ID), "VEGAN", "비건", "base-info@1", "catalog", "user1")
    assert await Ear().hears(numbered(1, START)) == numbered(1, own)


async def test_bare_string_tokens() -> None:
    heard = await Ear(token_format="text").hears(numbered(1, Token('나 "는"\n')))
    assert heard.endswith('data: {"status":200,"message":"토큰 생성","data":"나 \\"는\\"\\n"}\n\n')


async def test_a_generation_that_is_given_up_is_not_waited_for() -> None:
    ear = Ear()
    ear.worth = False
    assert await ear.hears(numbered(1, Token("가"))) == ""


async def test_an_erased_log_ends_the_stream() -> None:
    erased = f'event: stream-reset\nid: {event_id(ID, 1)}\ndata: {{"channels": []}}\n\n'
    assert await Ear().hears(numbered(1, Token("가")), erased, numbered(2, Token("나"))) == numbered(1, Token("가"))


async def test_a_farewell_replaces_what_would_follow() -> None:
    stopped = Close("recommendation", "가", [], stopped=True)
    ear = Ear(farewell=lambda: Farewell(1, [stopped]))
    one, two, three = numbered(1, Token("가")), numbered(2, Token("나")), numbered(3, CLOSE)
    assert await ear.hears(one, two + three) == one + numbered(2, stopped)


async def test_a_client_that_goes_away_is_no_longer_listening() -> None:
    ear = Ear()
    library_closed = False

    async def library() -> AsyncGenerator[bytes, None]:
        nonlocal library_closed
        try:
            while True:
                yield KEEP_ALIVE.encode()
        finally:
            library_closed = True

    stream = relay(library(), ear.listening)
    assert await anext(stream) == KEEP_ALIVE.encode()
    assert ear.open == 1
    await stream.aclose()
    assert (ear.open, library_closed) == (0, True)
