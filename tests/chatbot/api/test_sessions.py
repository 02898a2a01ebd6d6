"""Reading the conversation over HTTP in pages."""

import uuid
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from chatbot.models import ChatSession
from tests.chatbot.api.test_feedback import MALFORMED_SESSION_ID, Answer, answered
from tests.chatbot.sessions.test_store import begun, generation

pytestmark = pytest.mark.django_db

BAD_LIMIT = (422, "limit은 1 이상 200 이하의 정수여야 합니다.", None)
BAD_PLACE = (422, "before는 이 대화에 있는 턴의 generationId여야 합니다.", None)


def read(session_id: str = "s", /, **query: object) -> Answer:
    return answered(Client().get(f"/api/chatbot/sessions/{session_id}", query_params=query))


def page(**query: object) -> tuple[list[str], bool, str | None]:
    """The generations of a page, whether there are earlier ones, and the value of ``before`` for them."""
    status, _, conversation = read(**query)
    assert status == 200
    assert list(conversation) == ["sessionId", "turns", "hasMore", "before"]
    return [turn["generationId"] for turn in conversation["turns"]], conversation["hasMore"], conversation["before"]


@pytest.fixture
def generation_ids() -> list[str]:
    """The generations of a session of 120 turns, in order."""
    generations = [generation("가") for _ in range(120)]
    begun("s", *generations)
    begun("other", *generations[50:60])
    ChatSession.objects.update(server_made=True)  # so that its id is enough to read it
    return [str(each) for each in generations]


def test_the_first_page_has_the_newest_turns_and_a_link_to_earlier_ones(generation_ids: list[str]) -> None:
    assert page() == (generation_ids[70:], True, generation_ids[70])
    assert page(before=generation_ids[70]) == (generation_ids[20:70], True, generation_ids[20])
    assert page(before=generation_ids[20]) == (generation_ids[:20], False, None)
    assert page(before=generation_ids[0]) == ([], False, None)


@pytest.mark.parametrize(("limit", "first"), [("1", 119), ("7", 113), ("119", 1), ("120", 0), ("200", 0), ("", 70)])
def test_a_page_has_the_requested_number_of_turns(generation_ids: list[str], limit: str, first: int) -> None:
    assert page(limit=limit) == (generation_ids[first:], first > 0, generation_ids[first] if first else None)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "many", " 5", "٣", "9" * 5000])
def test_an_invalid_page_size_is_refused(generation_ids: list[str], limit: str) -> None:
    assert read(limit=limit) == BAD_LIMIT


@pytest.mark.parametrize("before", ["7", "nonsense", "\x00", str(uuid.UUID(int=0)), "é" * 500])
def test_an_unknown_turn_is_refused(generation_ids: list[str], before: str) -> None:
    assert read(before=before) == BAD_PLACE


def test_a_turn_of_another_session_is_refused(generation_ids: list[str]) -> None:
    assert read("other", before=generation_ids[0]) == BAD_PLACE


def test_a_session_that_was_forgotten_meanwhile_has_no_page() -> None:
    assert page(before=uuid.uuid4()) == ([], False, None)


def test_a_conversation_is_kept_by_no_cache() -> None:
    assert Client().get("/api/chatbot/sessions/s").headers["Cache-Control"] == "no-store"


def test_a_malformed_session_comes_before_a_malformed_page() -> None:
    assert read("s" * 129, limit=0) == MALFORMED_SESSION_ID


def test_the_documentation_names_what_a_page_takes_and_has() -> None:
    document: dict[str, Any] = Client().get("/api/openapi.json").json()
    operation = document["paths"]["/api/chatbot/sessions/{session_id}"]["get"]
    assert {each["name"]: each["in"] for each in operation["parameters"]} == {
        "session_id": "path",
        "limit": "query",
        "before": "query",
    }
    conversation = document["components"]["schemas"]["ConversationOut"]
    assert conversation["required"] == ["sessionId", "turns", "hasMore", "before"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/api/chatbot/sessions/s"),
        ("delete", "/api/chatbot/sessions/s"),
        ("put", f"/api/chatbot/generations/{uuid.UUID(int=1)}/feedback"),
        ("delete", f"/api/chatbot/generations/{uuid.UUID(int=1)}/feedback?sessionId=s"),
        ("post", f"/api/chatbot/generations/{uuid.UUID(int=1)}/stop"),
    ],
)
def test_reading_erasing_rating_and_stopping_count_for_the_address(settings: Settings, method: str, path: str) -> None:
    settings.LEAFRESH_ADDRESS_RATE, settings.LEAFRESH_SESSION_RATE = (3, 60), (1, 60)
    ask = getattr(Client(), method)
    body = {"data": '{"sessionId": "s", "thumb": "up"}', "content_type": "application/json"} if method == "put" else {}
    assert all(ask(path, **body).status_code in {200, 404} for _ in range(3))
    refused = ask(path, **body)
    assert answered(refused) == (429, "요청이 너무 많습니다. 1분 후에 다시 시도해 주세요.", None)
    assert refused.headers["Retry-After"] == "60"
    assert Client().get("/api/chatbot/sessions/s", REMOTE_ADDR="203.0.113.7").status_code == 200


def test_what_makes_no_sense_is_not_counted(settings: Settings) -> None:
    settings.LEAFRESH_ADDRESS_RATE = 3, 60
    for _ in range(5):
        assert read(limit=0) == BAD_LIMIT
    assert read()[0] == 200
