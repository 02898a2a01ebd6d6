"""A connection, without a server. What needs a real one is tested in ``tests/e2e/test_websocket.py``."""

import asyncio
import json
import uuid
from typing import Any, Self

import pytest
from channels.testing import WebsocketCommunicator
from django.db import OperationalError
from pytest_django import Settings

from chatbot import service
from chatbot.generation.cancellation import Cancellation
from chatbot.generation.local import LocalGeneration
from chatbot.models import Generation, Outcome
from chatbot.runtime import runtime
from chatbot.websocket import consumer
from chatbot.websocket.consumer import MAX_WAITING, ConversationConsumer

pytestmark = pytest.mark.django_db

SELECTION = {"location": "도시", "workType": "사무직", "category": "비건"}
ENDS = {"close", "error", "up-to-date", "stopped"}


class Client(WebsocketCommunicator):  # type: ignore[misc]  # channels ships no types
    """``async with Client("me") as client: await client.tell("recommend", …)``."""

    def __init__(self, session_id: str, *, path: str = "/ws/chatbot/") -> None:
        super().__init__(ConversationConsumer.as_asgi(), path)
        self.scope |= {"path": path + session_id, "client": ["192.0.2.1", 7]}

    async def __aenter__(self) -> Self:
        assert await self.connect(timeout=20) == (True, None)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.disconnect(timeout=20)

    async def tell(self, kind: str, **fields: Any) -> None:
        await self.send_json_to({"type": kind, **fields})

    async def hear(self) -> dict[str, Any]:
        return json.loads(await self.receive_from(timeout=20))  # type: ignore[no-any-return]

    async def rest(self) -> list[dict[str, Any]]:
        messages = [await self.hear()]
        while messages[-1]["event"] not in ENDS:
            messages.append(await self.hear())
        return messages


def running(start: dict[str, Any]) -> LocalGeneration:
    generation = runtime().registry.get(uuid.UUID(start["data"]["data"]["generationId"]))
    assert generation is not None
    return generation


@pytest.fixture
def slowly(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 10


async def test_a_request_and_its_answer() -> None:
    async with Client("asker") as client:
        await client.tell("recommend", requestId="1", **SELECTION)
        answer = await client.rest()
    assert [answer[0]["event"], answer[-1]["event"]] == ["start", "close"]
    assert {message["requestId"] for message in answer} == {"1"}
    assert answer[0]["data"]["data"]["sessionId"] == "asker"
    assert len(answer[-1]["data"]["data"]["challenges"]) == 3


async def test_a_client_can_see_that_the_connection_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "KEEP_ALIVE_SECONDS", 0.01)
    async with Client("quiet") as client:
        assert [await client.hear(), await client.hear()] == [{"event": "keep-alive"}] * 2


async def test_what_a_person_says() -> None:
    async with Client("talker") as client:
        await client.tell("say", message="안녕하세요")
        answer = await client.rest()
        await client.tell("say", message="!")
        (refused,) = await client.rest()
    assert answer[-1]["data"]["data"]["kind"] == "smalltalk"
    assert refused["data"]["status"] == 422


@pytest.mark.usefixtures("slowly")
async def test_who_goes_away_no_longer_listens() -> None:
    async with Client("leaver") as client:
        await client.tell("recommend", **SELECTION)
        generation = running(await client.hear())
        assert generation.subscriber_count == 1
    assert generation.subscriber_count == 0
    generation.end(Outcome.STOPPED)
    await generation.ended.wait()


@pytest.mark.usefixtures("slowly")
async def test_a_server_that_cancels_a_connection_ends_its_listening() -> None:
    client = Client("cancelled")
    await client.connect(timeout=20)
    await client.tell("recommend", **SELECTION)
    generation = running(await client.hear())
    client.future.cancel()
    await asyncio.wait([client.future])
    assert generation.subscriber_count == 0
    generation.end(Outcome.STOPPED)
    await generation.ended.wait()


@pytest.mark.usefixtures("slowly")
async def test_a_stop_right_behind_its_request_waits_for_the_start() -> None:
    async with Client("hasty") as client:
        await client.tell("recommend", **SELECTION)
        await client.tell("stop")
        messages = [await client.hear() for _ in range(3)]
    names = [message["event"] for message in messages]
    assert sorted(names) == ["close", "start", "stopped"]
    assert [row.outcome async for row in Generation.objects.all()] == [Outcome.STOPPED]


@pytest.mark.usefixtures("slowly")
async def test_a_stop_ends_what_runs_and_the_next_goes_on() -> None:
    async with Client("changer") as client:
        await client.tell("recommend", requestId="1", **SELECTION)
        await client.tell("recommend", requestId="2", **{**SELECTION, "category": "플로깅"})
        first = [await client.hear()]
        await client.tell("stop", requestId="3")
        while len([message for message in first if message["event"] == "close"]) < 2:
            first.append(await client.hear())
    ends = {message["requestId"]: message["data"]["data"] for message in first if message["event"] == "close"}
    assert ends["1"]["stopped"] is True
    assert "stopped" not in ends["2"]


@pytest.mark.usefixtures("slowly")
async def test_so_many_requests_may_wait() -> None:
    async with Client("eager") as client:
        for number in range(MAX_WAITING + 2):
            await client.tell("recommend", requestId=str(number), **SELECTION)
        messages = await client.rest()
        while messages[-1]["event"] != "error":
            messages += await client.rest()
    assert (messages[-1]["requestId"], messages[-1]["data"]["status"]) == (str(MAX_WAITING + 1), 429)


async def test_a_malformed_session_is_told_so() -> None:
    client = Client("a b")
    assert await client.connect(timeout=20) == (True, None)
    assert await client.receive_output(timeout=20) == {
        "type": "websocket.close",
        "code": 4400,
        "reason": "sessionId는 공백 없는 ASCII 문자 1자 이상 128자 이하여야 합니다.",
    }
    await client.tell("recommend", **SELECTION)
    await client.disconnect(timeout=20)
    assert await client.receive_nothing()


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/chatbot", "/ws/chatbotme", "/api/chatbot/"])
async def test_other_paths_are_refused(path: str) -> None:
    client = Client("", path=path)
    connected, _ = await client.connect(timeout=20)
    assert not connected
    await client.disconnect(timeout=20)


async def test_a_database_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(*args: object, **options: object) -> None:
        raise OperationalError("password=secret")

    async with Client("patient") as client:
        with monkeypatch.context() as patch:
            patch.setattr(service, "open_stream", gone)
            patch.setattr(Cancellation, "stop", gone)
            await client.tell("recommend", **SELECTION)
            (refused,) = await client.rest()
            await client.tell("stop", generationId=str(uuid.uuid4()))
            (also,) = await client.rest()
        assert refused == also
        assert (refused["data"]["status"], refused["retryAfter"]) == (503, 5)
        assert "secret" not in json.dumps(refused)
        await client.tell("recommend", **SELECTION)
        assert (await client.rest())[-1]["event"] == "close"
