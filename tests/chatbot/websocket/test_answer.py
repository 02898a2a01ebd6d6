"""Interrupted answers. Complete ones are tested with a real server."""

import json
import uuid
from typing import Any

import pytest

from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.errors import FieldRequired
from chatbot.events.eventstream import erase
from chatbot.events.log import Cursor, Numbered, event_id
from chatbot.events.types import Close, Token
from chatbot.resumption import NothingNew, Past
from chatbot.service import UNLIMITED, Request, Stream
from chatbot.websocket import answer as answer_module
from chatbot.websocket import messages as message_module
from chatbot.websocket.answer import ATTEMPTS, Answer
from chatbot.websocket.handshake import Client
from chatbot.websocket.messages import Question
from tests.chatbot.events.written import Written

ASKED = BaseInfoRequest("도시", "사무직", "비건", "me")
CLOSE = Close("recommendation", "비건", [])

Found = Stream | Past | NothingNew | Exception


class Service:
    """Finds one thing after the other, the last one for ever."""

    def __init__(self, *found: Found) -> None:
        self.found = list(found)
        self.cursors: list[Cursor | None] = []

    async def open_stream(self, request: Request, *, cursor: Cursor | None, **options: Any) -> Found:
        self.cursors.append(cursor)
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(found, Exception):
            raise found
        return found


def given_up() -> Written:
    generation = Written(Token("가"))
    generation.given_up = True
    return generation


async def messages(service: Service, monkeypatch: Any, *, request: BaseInfoRequest | None = ASKED) -> list[Any]:
    monkeypatch.setattr(answer_module, "service", service)
    answer = Answer(
        Question(request, None, "object"), client=Client({"path": "/"}, "me"), request_id=None, limiter=UNLIMITED
    )
    told = [json.loads(message) async for message in answer.messages()]
    assert answer.settled.is_set()
    return [(message["event"], message.get("id")) for message in told]


async def test_a_generation_that_is_given_up_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    second = Written(Token("나"), CLOSE)
    service = Service(Stream(given_up()), Stream(second))
    assert await messages(service, monkeypatch) == [
        ("challenge", event_id(second.id, 1)),
        ("close", event_id(second.id, 2)),
    ]
    assert service.cursors == [None, None]


async def test_a_log_that_is_erased_meanwhile_is_resumed_from_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Written(Token("가")), Written(Token("나"), CLOSE)
    event_message = message_module.event_message

    def erase_then(event: Numbered, generation_id: uuid.UUID, *, request_id: str | None) -> str:
        erase(first.id)
        return event_message(event, generation_id, request_id=request_id)

    monkeypatch.setattr(message_module, "event_message", erase_then)
    service = Service(Stream(first), Stream(second, reset=True))
    assert await messages(service, monkeypatch) == [
        ("challenge", event_id(first.id, 1)),
        ("stream-reset", None),
        ("challenge", event_id(second.id, 1)),
        ("close", event_id(second.id, 2)),
    ]
    assert service.cursors == [None, Cursor(first.id, 1)]


async def test_a_stream_that_breaks_off_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(Stream(given_up()))
    assert await messages(service, monkeypatch) == [("error", None)]
    assert len(service.cursors) == ATTEMPTS


async def test_an_answer_of_the_past(monkeypatch: pytest.MonkeyPatch) -> None:
    generation_id = uuid.uuid4()
    service = Service(Past(generation_id, 9, CLOSE))
    assert await messages(service, monkeypatch) == [("close", event_id(generation_id, 9))]


async def test_nothing_to_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(FieldRequired("location"))
    assert await messages(service, monkeypatch, request=None) == [("stream-reset", None), ("error", None)]
    assert await messages(service, monkeypatch) == [("error", None)]


async def test_a_fault_of_ours_is_told_without_its_cause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(answer_module, "service", Service(RuntimeError("secret")))
    answer = Answer(
        Question(ASKED, None, "object"), client=Client({"path": "/"}, "me"), request_id="1", limiter=UNLIMITED
    )
    (told,) = [json.loads(message) async for message in answer.messages()]
    assert (told["event"], told["requestId"], told["data"]["status"]) == ("error", "1", 500)
    assert "secret" not in told["data"]["message"]
    assert "secret" in caplog.text
