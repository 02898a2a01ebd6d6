"""Thumbs over HTTP: every response has the documented envelope."""

import json
import uuid
from typing import Any

import pytest
from django.test import AsyncClient, Client

from chatbot.api.routes import api
from chatbot.models import ChatSession, Feedback
from tests.chatbot.sessions.test_store import begun, generation
from tests.e2e.sse import parse

pytestmark = pytest.mark.django_db

GENERATION = uuid.UUID("7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10")
UP = {"sessionId": "s", "thumb": "up"}

NOT_FOUND = (404, "요청한 대상을 찾을 수 없습니다.", None)
NO_SESSION_ID = (400, "sessionId는 필수입니다.", None)
MALFORMED_SESSION_ID = (422, "sessionId는 공백 없는 ASCII 문자 1자 이상 128자 이하여야 합니다.", None)
NO_THUMB = (400, "thumb은 필수입니다.", None)
UNKNOWN_THUMB = (422, "thumb은 up, down 중 하나여야 합니다.", None)
TOO_LONG = (422, "reason은 500자 이하여야 합니다.", None)

Answer = tuple[int, str, Any]


@pytest.fixture(autouse=True)
def requested_id() -> uuid.UUID:
    """A generation that the session ``s`` has requested."""
    requested_id = generation("가")
    begun("s", requested_id)
    ChatSession.objects.update(server_made=True)  # so that its id is enough to read it
    return requested_id


def address(generation_id: object) -> str:
    return f"/api/chatbot/generations/{generation_id}/feedback"


def answered(response: Any) -> Answer:
    """The envelope. Its status is that of the response."""
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "\\u" not in response.content.decode()
    body = json.loads(response.content)
    assert list(body) == ["status", "message", "data"]
    assert body["status"] == response.status_code
    return body["status"], body["message"], body["data"]


def put(generation_id: object, body: object) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().put(address(generation_id), content, content_type="application/json")


def delete(generation_id: object, query: dict[str, str]) -> Any:
    return Client().delete(address(generation_id), query_params=query)


def thoughts(session_id: str = "s") -> list[Any]:
    """What the conversation shows."""
    _, _, conversation = answered(Client().get(f"/api/chatbot/sessions/{session_id}"))
    return [turn["feedback"] for turn in conversation["turns"]]


def test_a_thumb_is_given_changed_and_withdrawn(requested_id: uuid.UUID) -> None:
    assert thoughts() == [None]
    down = {"thumb": "down", "reason": "회사에서 하기 어려워요."}
    given = {"generationId": str(requested_id), "feedback": down}
    assert answered(put(requested_id, {"sessionId": "s", **down})) == (200, "의견을 저장했습니다.", given)
    assert thoughts() == [down]
    up = {"thumb": "up", "reason": ""}
    given = {"generationId": str(requested_id), "feedback": up}
    assert answered(put(requested_id, {**UP, "reason": None})) == (200, "의견을 저장했습니다.", given)
    assert thoughts() == [up]
    for _ in range(2):
        withdrawn = {"generationId": str(requested_id), "feedback": None}
        assert answered(delete(requested_id, {"sessionId": "s"})) == (200, "의견을 취소했습니다.", withdrawn)
        assert thoughts() == [None]


def test_another_session_does_not_see_it(requested_id: uuid.UUID) -> None:
    begun("other", requested_id)
    ChatSession.objects.update(server_made=True)
    put(requested_id, UP)
    assert (thoughts("s"), thoughts("other")) == ([{"thumb": "up", "reason": ""}], [None])


def test_forgetting_the_session_erases_it(requested_id: uuid.UUID) -> None:
    begun("other", requested_id)
    put(requested_id, UP)
    assert answered(Client().delete("/api/chatbot/sessions/s")) == (200, "대화를 삭제했습니다.", None)
    assert Feedback.objects.count() == 0
    assert answered(put(requested_id, UP)) == NOT_FOUND


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"sessionId": "nobody", "thumb": "up"}, NOT_FOUND),
        ({"thumb": "up"}, NO_SESSION_ID),
        ({"sessionId": " ", "thumb": "up"}, NO_SESSION_ID),
        ({"sessionId": None, "thumb": "up"}, NO_SESSION_ID),
        ({"sessionId": "s" * 129, "thumb": "up"}, MALFORMED_SESSION_ID),
        ({"sessionId": "세션", "thumb": "up"}, MALFORMED_SESSION_ID),
        ({"sessionId": "s\0", "thumb": "up"}, MALFORMED_SESSION_ID),
        ({"sessionId": "s"}, NO_THUMB),
        ({"sessionId": "s", "thumb": ""}, NO_THUMB),
        ({"sessionId": "s", "thumb": "sideways"}, UNKNOWN_THUMB),
        ({"sessionId": "s", "thumb": "UP"}, UNKNOWN_THUMB),
        ({**UP, "reason": "가" * 501}, TOO_LONG),
        ({**UP, "reason": "a" + "\u0315\u0300" * 100_000}, TOO_LONG),
        ({**UP, "reason": 5}, (400, "문자열이 아닌 값이 포함되어 있습니다.", {"invalidFields": ["reason"]})),
        ({**UP, "thumb": ["up"]}, (400, "문자열이 아닌 값이 포함되어 있습니다.", {"invalidFields": ["thumb"]})),
        ([UP], (400, "요청 본문은 JSON 객체여야 합니다.", None)),
        (b"{", (400, "요청 본문이 올바른 JSON이 아닙니다.", None)),
        (b"", (400, "요청 본문은 JSON 객체여야 합니다.", None)),
        (b"\xff", (400, "요청 본문이 올바른 JSON이 아닙니다.", None)),
    ],
)
def test_what_is_no_thumb_is_refused(requested_id: uuid.UUID, body: object, expected: Answer) -> None:
    assert answered(put(requested_id, body)) == expected
    assert Feedback.objects.count() == 0


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800 반쪽", "\ufffd 반쪽"),
        ("\u1112\u1161\u11ab글", "한글"),
        ("가" * 500, "가" * 500),
        ("줄\n바꿈 🌱", "줄\n바꿈 🌱"),
    ],
)
def test_any_text_is_a_reason(requested_id: uuid.UUID, reason: str, kept: str) -> None:
    assert answered(put(requested_id, {**UP, "reason": reason}))[0] == 200
    assert thoughts() == [{"thumb": "up", "reason": kept}]


def test_a_generation_that_is_unknown() -> None:
    assert answered(put(GENERATION, UP)) == NOT_FOUND
    assert answered(delete(GENERATION, {"sessionId": "s"})) == NOT_FOUND
    no_address = (404, "요청한 주소를 찾을 수 없습니다.", None)
    assert answered(put("7f0c", UP)) == no_address
    assert answered(delete("7f0c", {"sessionId": "s"})) == no_address


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, NO_SESSION_ID),
        ({"sessionId": ""}, NO_SESSION_ID),
        ({"sessionId": "a b"}, MALFORMED_SESSION_ID),
        ({"sessionId": "nobody"}, NOT_FOUND),
    ],
)
def test_withdrawing_what_was_not_ones_own(requested_id: uuid.UUID, query: dict[str, str], expected: Answer) -> None:
    put(requested_id, UP)
    assert answered(delete(requested_id, query)) == expected
    assert thoughts() == [{"thumb": "up", "reason": ""}]


def test_other_methods_are_not_known_here(requested_id: uuid.UUID) -> None:
    response = Client().get(address(requested_id))
    assert answered(response) == (405, "이 주소에서 지원하지 않는 메서드입니다.", None)
    assert set(response.headers["Allow"].split(", ")) == {"PUT", "DELETE"}


async def test_a_client_that_reads_only_events_gets_the_error_as_one(requested_id: uuid.UUID) -> None:
    response: Any = await AsyncClient().put(
        address(requested_id), b"{}", content_type="application/json", headers={"Accept": "text/event-stream"}
    )
    content = b"".join([chunk async for chunk in response.streaming_content]).decode()
    (event,) = parse(content.split("\n"))
    status, message, data = NO_SESSION_ID
    assert (response.status_code, event.name) == (200, "error")
    assert event.envelope == {"status": status, "message": message, "data": data}


def test_the_openapi_document_tells_of_it() -> None:
    document = api.get_openapi_schema()
    operations = document["paths"]["/api/chatbot/generations/{generation_id}/feedback"]
    assert set(operations) == {"put", "delete"}
    for operation in operations.values():
        assert set(operation["responses"]) == {200, 400, 403, 404, 422, 429}
    schemas = document["components"]["schemas"]
    assert schemas["FeedbackIn"]["properties"]["thumb"]["enum"] == ["up", "down"]
    assert "feedback" in schemas["TurnOut"]["properties"]
