import json
import uuid
from typing import Any

import pytest
from pytest_django import Settings

from chatbot.dialogue.requests import BaseInfoRequest, FreeTextRequest
from chatbot.errors import ApplicationError
from chatbot.websocket.messages_in import Question, Stop, read, read_object, read_request_id

SELECTION = {"location": "도시", "workType": "사무직", "category": "비건"}
ASKED = BaseInfoRequest("도시", "사무직", "비건", "me")
CURSOR = "generation-00000000-0000-4000-8000-000000000000:3"


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
    assert read(read_object(json.dumps(fields)), session_id="me") == expected


def test_the_form_of_tokens_can_be_set_for_all(settings: Settings) -> None:
    settings.LEAFRESH_TOKEN_FORMAT = "text"  # noqa: S105  a format, no password
    said = FreeTextRequest("안녕", "me")
    fields = {"type": "say", "message": "안녕"}
    assert read(fields, session_id="me") == Question(said, None, "text")
    assert read({**fields, "tokens": "object"}, session_id="me") == Question(said, None, "object")


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
        read(fields, session_id="me")
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
