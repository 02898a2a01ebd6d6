"""HTTPS and HTTP/2 through a real nginx with the files of deploy/: buffering, redirects and trusted headers."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlencode

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e import nginx
from tests.e2e.fleet import until
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, Event, parse_line
from tests.e2e.tls import NAME, TlsNginx

pytestmark = pytest.mark.skipif(not nginx.EXECUTABLE, reason="needs nginx")

STREAMS = 20  # a browser opens six with HTTP/1.1
HOST = {"Host": NAME}


@pytest.fixture(scope="module", params=["one-machine", "compose"])
def front(request: pytest.FixtureRequest) -> Iterator[TlsNginx]:
    env = {
        "LEAFRESH_HTTPS": "true",
        "LEAFRESH_TRUSTED_PROXIES": "127.0.0.1",
        "LEAFRESH_ALLOWED_HOSTS": NAME,
        "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "20",
        "LEAFRESH_METRICS": "true",
    }
    with ExitStack() as stack:
        server = stack.enter_context(RunningServer(env=env))
        yield stack.enter_context(TlsNginx(request.param, server.port))


@pytest.fixture
def client(front: TlsNginx) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=front.url, http2=True, verify=front.trust, headers=HOST) as made:
        yield made


async def stream(client: httpx.AsyncClient, session: str, headers: dict[str, str]) -> list[tuple[float, Event]]:
    """The events and when they came."""
    fields: dict[str, str] = {}
    query = {**SELECTION, "sessionId": session}
    async with client.stream("GET", BASE_INFO, params=query, headers=headers) as response:
        assert (response.status_code, response.http_version) == (200, "HTTP/2")
        lines = response.aiter_lines()
        return [(time.monotonic(), event) async for line in lines if (event := parse_line(line, fields))]


def named(events: list[tuple[float, Event]]) -> list[str]:
    return [event.name for _, event in events if event.id]


@pytest.mark.parametrize("kind", ["one-machine", "compose"])
def test_nginx_finds_nothing_wrong(kind: str) -> None:
    checked = TlsNginx(kind, 8001).check()
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr


def test_many_streams_share_one_connection_and_each_event_passes_at_once(front: TlsNginx) -> None:
    async def all_at_once() -> list[list[tuple[float, Event]]]:
        one = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            base_url=front.url, http2=True, verify=front.trust, headers=HOST, limits=one, timeout=60
        ) as client:
            return await asyncio.gather(*(stream(client, f"many-{number}", {}) for number in range(STREAMS)))

    for events in asyncio.run(all_at_once()):
        names = named(events)
        assert (names[0], names[-1], names.count("item"), names.count("close")) == ("start", "close", 3, 1)
        times = [moment for moment, event in events if event.name == "challenge"]
        assert len(set(times)) > 10
        assert times[-1] - times[0] > 0.8  # it is written for longer than a second: nothing waited for the end


def test_a_lost_stream_goes_on(front: TlsNginx, client: httpx.Client) -> None:
    query = {**SELECTION, "sessionId": "again"}
    fields: dict[str, str] = {}
    seen: list[Event] = []
    with client.stream("GET", BASE_INFO, params=query) as response:
        for line in response.iter_lines():
            if event := parse_line(line, fields):
                seen.append(event)
            if len(seen) == 8:
                break

    async def go_on() -> list[tuple[float, Event]]:
        async with httpx.AsyncClient(base_url=front.url, http2=True, verify=front.trust, headers=HOST) as fresh:
            return await stream(fresh, "again", {"Last-Event-ID": seen[-1].id})

    rest = [event for _, event in asyncio.run(go_on()) if event.id]
    first = [event for event in seen if event.id]
    assert [event.number for event in (*first, *rest)] == list(range(1, len(first) + len(rest) + 1))
    assert rest[-1].name == "close"


def test_a_websocket_passes(front: TlsNginx) -> None:
    way = socket.create_connection(("127.0.0.1", front.port))
    with connect(f"wss://{NAME}/ws/chatbot/talking", sock=way, ssl=front.trust) as talk:
        talk.send(json.dumps({"type": "recommend", **SELECTION}))
        names = []
        while "close" not in names:
            names.append(json.loads(talk.recv(timeout=30))["event"])
    assert "challenge" in names


def test_pages_are_shown_by_https_alone(front: TlsNginx, client: httpx.Client) -> None:
    page = client.get("/")
    assert (page.status_code, page.http_version) == (200, "HTTP/2")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    plain = httpx.get(f"http://127.0.0.1:{front.plain_port}/?{urlencode({'a': 'b'})}", headers=HOST)
    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://{NAME}/?a=b")


def test_what_a_client_says_of_itself_is_not_passed_on(client: httpx.Client) -> None:
    """A page that was told to be plain would be redirected."""
    assert client.get("/", headers={"X-Forwarded-Proto": "http"}).status_code == 200


def test_metrics_are_not_for_everybody(client: httpx.Client) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/health/ready").json()["data"]["database"] == "ok"


def test_no_session_is_logged(front: TlsNginx, client: httpx.Client) -> None:
    client.get(BASE_INFO, params={**SELECTION, "sessionId": "my-secret"})
    client.get("/api/chatbot/sessions/my-secret")
    client.get("/api/chatbot/sessions/my-secret/")
    client.get("/ws/chatbot/my-secret")
    client.get("/admin/?last=yes")
    until(lambda: "/admin/" in front.log, "a line")
    assert "my-secret" not in front.log
    for path in (BASE_INFO, "/api/chatbot/sessions/...", "/ws/chatbot/..."):
        assert f'"GET {path}" ' in front.log


def test_an_error_is_in_the_envelope(client: httpx.Client) -> None:
    refused = client.get(BASE_INFO, params={**SELECTION, "sessionId": "wrong", "location": "nowhere"})
    assert refused.status_code == json.loads(refused.text)["status"] == 400
