import json
import uuid
from typing import Any

import pytest
from pytest_django import Settings

from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.errors import ApplicationError, InvalidFields, TooManyGenerations
from chatbot.events.log import Numbered
from chatbot.events.types import Token, encode_event
from chatbot.websocket import messages
from chatbot.websocket.messages import Question, Stop, read_command, read_object, read_request_id

SELECTION = {"location": "도시", "workType": "사무직", "category": "비건"}
ASKED = BaseInfoRequest("도시", "사무직", "비건", "me")
ID = uuid.UUID("00000000-0000-4000-8000-000000000000")
CURSOR = f"generation-{ID}:3"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"type": "recommend", **SELECTION}, Question(ASKED, None, "object")),
        ({"type": "recommend"}, Question(BaseInfoRequest(None, None, None, "me"), None, "object")),
        ({"type": "recommend", **SELECTION, "tokens": "text"}, Question(ASKED, None, "text")),
        ({"type": "recommend", **SELECTION, "tokens": "html"}, Question(ASKED, None, "object")),
        ({"type": "recommend", **SELECTION, "lastEventId": CURSOR}, Question(ASKED, CURSOR, "object")),
        ({"type": "recommend", **SELECTION, "sessionId": "you", "more": 1}, Question(ASKED, None, "object")),
        ({"type": "say", "message": "안녕"}, Question(FreeTextRequest("안녕", "me"), None, "object")),
        ({"type": "say"}, Question(FreeTextRequest(None, "me"), None, "object")),
        ({"type": "resume", "lastEventId": CURSOR}, Question(None, CURSOR, "object")),
        ({"type": "stop"}, Stop(None)),
        ({"type": "stop", "generationId": None}, Stop(None)),
        ({"type": "stop", "generationId": str(uuid.UUID(int=7))}, Stop(uuid.UUID(int=7))),
    ],
)
def test_what_is_asked_for(fields: dict[str, Any], expected: Question | Stop) -> None:
    assert read_command(read_object(json.dumps(fields)), session_id="me") == expected


def test_the_form_of_tokens_can_be_set_for_all(settings: Settings) -> None:
    settings.LEAFRESH_TOKEN_FORMAT = "text"  # noqa: S105  a format, no password
    said = FreeTextRequest("안녕", "me")
    fields = {"type": "say", "message": "안녕"}
    assert read_command(fields, session_id="me") == Question(said, None, "text")
    assert read_command({**fields, "tokens": "object"}, session_id="me") == Question(said, None, "object")


@pytest.mark.parametrize(
    ("fields", "status", "data"),
    [
        ({}, 400, None),
        ({"type": "Recommend"}, 400, None),
        ({"type": None}, 400, None),
        ({"type": {}}, 400, None),
        ({"type": "recommend", "location": 1, "category": []}, 400, {"invalidFields": ["location", "category"]}),
        ({"type": "recommend", **SELECTION, "lastEventId": 7}, 400, {"invalidFields": ["lastEventId"]}),
        ({"type": "recommend", **SELECTION, "tokens": True}, 400, {"invalidFields": ["tokens"]}),
        ({"type": "say", "message": {}}, 400, {"invalidFields": ["message"]}),
        ({"type": "resume"}, 400, None),
        ({"type": "resume", "lastEventId": " "}, 400, None),
        ({"type": "stop", "generationId": "7"}, 404, None),
        ({"type": "stop", "generationId": 7}, 400, {"invalidFields": ["generationId"]}),
    ],
)
def test_what_makes_no_sense(fields: dict[str, Any], status: int, data: dict[str, object] | None) -> None:
    with pytest.raises(ApplicationError) as refused:
        read_command(fields, session_id="me")
    assert (refused.value.status, refused.value.data) == (status, data)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "null", '"{}"', "[" * 100_000, "1" * 5000, '{"type":"stop"} x'])
def test_what_is_no_object(text: str | None) -> None:
    with pytest.raises(ApplicationError) as refused:
        read_object(text)
    assert refused.value.status == 400


@pytest.mark.parametrize("request_id", [None, "1", "a b", '"', "x" * 64])
def test_a_request_id(request_id: str | None) -> None:
    assert read_request_id({"requestId": request_id}) == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 65, "가", "\n", "\ud800", 1, [], True])
def test_what_is_no_request_id(request_id: object) -> None:
    with pytest.raises(ApplicationError) as refused:
        read_request_id({"requestId": request_id})
    assert refused.value.status == 422


def test_an_event_keeps_its_data_to_the_byte() -> None:
    data = encode_event(Token('가 "나"\n'))
    assert messages.event_message(Numbered("challenge", 7, data), ID, request_id=None) == (
        f'{{"event":"challenge","id":"generation-{ID}:7","data":{data}}}'
    )


def test_a_request_id_is_echoed() -> None:
    assert messages.event_message(Numbered("close", 1, "{}"), ID, request_id='a "b" \\') == (
        f'{{"event":"close","id":"generation-{ID}:1","requestId":"a \\"b\\" \\\\","data":{{}}}}'
    )


def test_signs_have_no_data() -> None:
    assert messages.plain_message(messages.RESET, request_id=None) == '{"event":"stream-reset"}'
    assert messages.plain_message(messages.UP_TO_DATE, request_id="1") == '{"event":"up-to-date","requestId":"1"}'


def test_the_outcome_of_a_stop() -> None:
    assert messages.stop_message({"outcome": "stopped"}, request_id=None) == (
        '{"event":"stopped","data":{"status":200,"message":"성공","data":{"outcome":"stopped"}}}'
    )
    assert messages.stop_message(None, request_id="1") == (
        '{"event":"stopped","requestId":"1","data":{"status":200,"message":"성공","data":null}}'
    )


def test_refusals() -> None:
    assert messages.error_message(InvalidFields(["category"]), request_id="1") == (
        '{"event":"error","requestId":"1","data":{"status":400,'
        '"message":"유효하지 않은 선택 항목이 포함되어 있습니다.","data":{"invalidFields":["category"]}}}'
    )
    assert '"retryAfter":5,"data":{"status":503,' in messages.error_message(TooManyGenerations(), request_id=None)
