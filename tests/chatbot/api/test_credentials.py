"""While the database cannot say who owns a session, no client may use it."""

import json
import uuid
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.test.client import AsyncClient

from chatbot.models import ChatSession, Turn
from tests.e2e.sse import BASE_INFO, SELECTION, parse

GENERATION = uuid.UUID("7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10")
RETRY = "5"


@pytest.fixture(autouse=True)
def _gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*query: Any, **filters: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(ChatSession.objects, "filter", gone)
    monkeypatch.setattr(Turn.objects, "filter", gone)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "sessions/s", None),
        ("delete", "sessions/s", None),
        ("put", f"generations/{GENERATION}/feedback", {"sessionId": "s", "thumb": "up"}),
        ("delete", f"generations/{GENERATION}/feedback?sessionId=s", None),
        ("post", f"generations/{GENERATION}/stop?sessionId=s", None),
        ("post", f"generations/{GENERATION}/stop", None),
    ],
)
def test_nothing_is_done_while_the_database_is_gone(method: str, path: str, body: object) -> None:
    content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    response = getattr(Client(), method)(f"/api/chatbot/{path}", **content)
    assert (response.status_code, response.headers["Retry-After"]) == (503, RETRY)
    assert json.loads(response.content)["status"] == 503


async def test_nothing_is_resumed_while_the_database_is_gone() -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": f"generation-{GENERATION}:1"}
    response: Any = await AsyncClient().get(BASE_INFO, {**SELECTION, "sessionId": "s"}, headers=headers)
    text = b"".join([chunk async for chunk in response.streaming_content]).decode()
    assert [(event.name, event.envelope["status"]) for event in parse(text.split("\n"))] == [("error", 503)]
