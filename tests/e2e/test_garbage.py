"""A finished request leaves nearly nothing to the garbage collector, whose runs would stop every stream.

Counted are objects, not times. Three of them are Django's own, of each SELECT that its ORM makes.
"""

import uuid
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e import garbage_watch
from tests.e2e.garbage_watch import GarbageWatch
from tests.e2e.ownership import guessable, in_state
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, FREE_TEXT, SELECTION, stream
from tests.e2e.websocket import ask, opened

TIMES = 3
MOST = 15
"""Objects of each request. A request that keeps one frame in a cycle leaves a hundred."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, GarbageWatch]]:
    file = tmp_path_factory.mktemp("garbage") / "found"
    env = {
        "GARBAGE_WATCH": str(file),
        "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "1",  # time to stop an answer, and to leave it
        "LEAFRESH_ABANDON_SECONDS": "0.1",
    }
    with RunningServer(env=env, before=garbage_watch.BEFORE) as running:
        yield running, GarbageWatch(running, file)


def selection(server: RunningServer) -> None:
    assert [*stream(server.url, **SELECTION, sessionId=guessable())][-1].name == "close"


def message(server: RunningServer) -> None:
    assert [*stream(server.url, path=FREE_TEXT, message="더 쉬운 거", sessionId=guessable())][-1].name == "close"


def answer(server: RunningServer) -> None:
    assert httpx.post(f"{server.url}{BASE_INFO}", json=SELECTION).status_code == 200


def left_stream(server: RunningServer) -> None:
    events = stream(server.url, **SELECTION, sessionId=guessable())
    next(events)
    events.close()


def stopped_stream(server: RunningServer) -> None:
    events = stream(server.url, **SELECTION, sessionId=guessable())
    generation = next(events).payload["generationId"]
    assert httpx.post(f"{server.url}/api/chatbot/generations/{generation}/stop", json={}).status_code == 200
    assert [*events][-1].payload["stopped"]


def unknown_values(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}{BASE_INFO}", params={**SELECTION, "category": "x"}).status_code == 400


def unknown_path(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}/api/{uuid.uuid4()}").status_code == 404


def session_of_another(server: RunningServer) -> None:
    session = in_state(server, "bound")
    for path, body in ((BASE_INFO, SELECTION), (FREE_TEXT, {"message": "더 쉬운 거"})):
        refused = httpx.post(f"{server.url}{path}", json={**body, "sessionId": session.id})
        assert refused.status_code == 403


def websocket(server: RunningServer) -> None:
    with opened(server, guessable()) as connection:
        assert ask(connection, "recommend", **SELECTION)[-1].name == "close"
        assert ask(connection, "recommend", **{**SELECTION, "category": "x"})[-1].name == "error"


@pytest.mark.parametrize(
    "act",
    [
        selection,
        message,
        answer,
        left_stream,
        stopped_stream,
        unknown_values,
        unknown_path,
        session_of_another,
        websocket,
    ],
    ids=lambda act: act.__name__,
)
def test_a_request_leaves_nearly_nothing_to_the_garbage_collector(
    server: tuple[RunningServer, GarbageWatch], act: Callable[[RunningServer], None]
) -> None:
    running, watch = server
    act(running)  # what is made once, such as a cache, is no request's
    watch.collect()
    for _ in range(TIMES):
        act(running)
    found = watch.collect()
    assert found.total() <= MOST * TIMES, found.most_common(20)
