"""Which threads answer a request, and which requests are refused when they are full."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from pytest_django import Settings

from chatbot.api.envelope import wants_events
from chatbot.errors import Busy
from chatbot.server import threads
from chatbot.server.threads import SharedThreads, Size

BUSY = {"status": 503, "message": "지금은 요청이 몰려 처리할 수 없습니다. 잠시 후 다시 시도해 주세요.", "data": None}


class Held:
    """An application whose synchronous part waits for some paths, and reports its thread."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.seen: dict[str, int] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope[Busy.SCOPE_KEY]():
            await send("refused")
            return
        await sync_to_async(self._work)(scope["path"])
        await send("done")

    def _work(self, path: str) -> None:
        self.seen[path] = threading.get_ident()
        if path.endswith("held"):
            assert self.let_go.wait(30)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    monkeypatch.setattr(threads, "_open_database", lambda: None)
    small = {"api": Size(2, 1), "pages": Size(1, 1), "admin": Size(2, 1), "life": Size(1, 1)}
    monkeypatch.setattr(threads, "SIZES", small)
    application = Held()
    yield application
    application.let_go.set()


def on_a_loop_of_its_own(test: Callable[[Held], Coroutine[Any, Any, None]]) -> Callable[[Held], None]:
    """asgiref would run the synchronous parts of a test that it started in the test's own thread."""

    def run(held: Held) -> None:
        asyncio.run(test(held))

    return run


class Server:
    def __init__(self, application: Any) -> None:
        self._application = SharedThreads(application)

    def ask(self, path: str, kind: str = "http") -> "asyncio.Task[str]":
        return asyncio.create_task(self._ask({"type": kind, "path": path}))

    async def _ask(self, scope: dict[str, Any]) -> str:
        sent: list[str] = []

        async def send(message: str) -> None:
            sent.append(message)

        await self._application(scope, None, send)
        return sent[0]


@on_a_loop_of_its_own
async def test_a_full_admin_refuses_and_delays_nothing_else(held: Held) -> None:
    server = Server(held)
    waiting = [server.ask(f"/admin/{number}/held") for number in range(4)]
    await asyncio.sleep(0)
    assert await server.ask("/admin/") == "refused"
    others = ["/", "/static/chatbot/page.css", "/api/challenges/options", "/health/live"]
    assert await asyncio.gather(*map(server.ask, others)) == ["done"] * 4
    assert await server.ask("/ws/chatbot/s", "websocket") == "done"
    assert not any(each.done() for each in waiting)
    held.let_go.set()
    assert await asyncio.gather(*waiting) == ["done"] * 4
    assert await server.ask("/admin/") == "done"


@on_a_loop_of_its_own
async def test_a_request_gets_the_thread_that_has_the_least_to_do(held: Held) -> None:
    server = Server(held)
    waiting = server.ask("/api/held")
    await asyncio.sleep(0)
    for number in range(4):
        assert await server.ask(f"/api/{number}") == "done"
    assert not waiting.done()
    assert len(set(held.seen.values()) - {held.seen["/api/held"]}) == 1


class BusyClient(AsyncClient):
    """A client of a server whose threads are all full."""

    def _base_scope(self, **request: Any) -> Any:
        return {**super()._base_scope(**request), Busy.SCOPE_KEY: lambda: True}  # type: ignore[misc]  # Django's own


async def test_the_api_refuses_in_the_envelope() -> None:
    client = BusyClient()
    response = await client.get("/api/challenges/options")
    assert (response.status_code, response["Retry-After"], response.json()) == (503, "5", BUSY)
    assert response["Content-Type"] == "application/json; charset=utf-8"
    assert (await client.get("/health/live")).status_code == 200


async def test_an_event_source_is_refused_by_one_event() -> None:
    client: Any = BusyClient()
    query = {"location": "도시", "workType": "사무직", "category": "비건"}
    path = "/ai/chatbot/recommendation/base-info"
    response = await client.get(path, query, headers={"accept": "text/event-stream"})
    body = b"".join([part async for part in response]) if response.streaming else response.content
    assert (response.status_code, response["Retry-After"]) == (200, "5")
    assert wants_events(response.asgi_request)
    assert body.decode().startswith("event: error\nretry: 5000\n")


@pytest.mark.parametrize(("language", "words"), [("ko", "지금은"), ("en", "not available at the moment")])
@pytest.mark.parametrize("path", ["/", "/admin/"])
async def test_a_page_is_refused_by_the_page_for_outages(
    path: str, language: str, words: str, settings: Settings
) -> None:
    response = await BusyClient().get(path, headers={"accept-language": language})
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "5", "no-store")
    assert words in response.content.decode()
    assert f'<html lang="{language}">' in response.content.decode()
