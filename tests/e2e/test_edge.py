"""Requests that the server itself refuses before Django sees them, over a real socket."""

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psutil
import pytest

from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, parse

TOO_LARGE = {"status": 413, "message": "요청 본문이 너무 큽니다.", "data": None}
TOO_SLOW = {"status": 408, "message": "요청이 너무 느리게 왔습니다. 다시 시도해 주세요.", "data": None}
UNREADABLE = {"status": 400, "message": "요청을 이해할 수 없습니다.", "data": None}
TOO_MANY_HEADERS = {"status": 431, "message": "요청 헤더가 너무 많습니다. 500개 이하로 줄여 주세요.", "data": None}
TOO_LONG = {
    "status": 431,
    "message": "요청 주소나 헤더가 너무 깁니다. 16킬로바이트 이하로 줄여 주세요.",
    "data": None,
}
MEBIBYTE = 1024 * 1024


@contextmanager
def connection(server: RunningServer) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as opened:
        yield opened


def read_to_end(opened: socket.socket) -> bytes:
    """Everything until the server closes."""
    received = b""
    try:
        while piece := opened.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def answer(received: bytes) -> tuple[int, Any]:
    """The status and the JSON of one whole response."""
    head, _, body = received.partition(b"\r\n\r\n")
    if b"chunked" in head:
        body = b"".join(re.split(rb"\r\n", body)[1::2])
    assert b"application/json; charset=utf-8" in head
    return int(head.split()[1]), json.loads(body)


def exchange(server: RunningServer, sent: bytes) -> tuple[int, Any]:
    with connection(server) as opened:
        opened.sendall(sent)
        return answer(read_to_end(opened))


def request(*headers: str, line: str = f"POST {BASE_INFO} HTTP/1.1") -> bytes:
    return "\r\n".join([line, "Host: 127.0.0.1", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (request(*[f"X-{number}: a" for number in range(500)]), TOO_MANY_HEADERS),
        (request(*[f"X-{number}: {'a' * 1000}" for number in range(20)]), TOO_LONG),
        (request(line=f"GET /{'a' * 17_000} HTTP/1.1"), TOO_LONG),
        (b"nonsense\r\n\r\n", UNREADABLE),
        (request("no colon"), UNREADABLE),
        (request("Content-Length: many"), UNREADABLE),
        (request("Content-Length: 1", "Content-Length: 2"), UNREADABLE),
        (request("Transfer-Encoding: chunked") + b"zz\r\n", UNREADABLE),
        (request("X-Vertical: a\x0bb", "Connection: close", line="GET / HTTP/1.1"), UNREADABLE),
    ],
)
def test_what_cannot_be_read_is_answered_in_the_envelope(server: RunningServer, sent: bytes, expected: Any) -> None:
    assert exchange(server, sent) == (expected["status"], expected)


@pytest.mark.parametrize("declared", ["Content-Length: 419430400", "Content-Length: 99999999999999999999"])
def test_a_body_that_is_too_large_is_refused_before_it_comes(server: RunningServer, declared: str) -> None:
    assert exchange(server, request(declared, "Expect: 100-continue")) == (413, TOO_LARGE)


@pytest.mark.parametrize("chunked", [False, True])
def test_four_hundred_megabytes_leave_memory_flat(server: RunningServer, chunked: bool) -> None:
    process = psutil.Process(server.pid)
    piece = b"x" * MEBIBYTE
    before = process.memory_info().rss
    with connection(server) as opened:
        opened.sendall(request("Transfer-Encoding: chunked" if chunked else f"Content-Length: {400 * MEBIBYTE}"))
        most, sent = 0, 0
        try:
            for _ in range(400):
                opened.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                sent += 1
                most = max(most, process.memory_info().rss)
        except OSError:
            pass
        assert sent < 100
        assert answer(read_to_end(opened)) == (413, TOO_LARGE)
    assert most - before < 32 * MEBIBYTE
    assert httpx.get(f"{server.url}/health/live").status_code == 200


def test_a_large_body_is_refused_in_the_form_that_the_client_reads(server: RunningServer) -> None:
    body = b"x" * 300_000
    streamed = httpx.post(f"{server.url}{BASE_INFO}", content=body, headers={"Accept": "text/event-stream"})
    (event,) = parse(streamed.text.split("\n"))
    assert (streamed.status_code, event.name, event.envelope) == (200, "error", TOO_LARGE)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("ko", "보낸 내용이 너무 큽니다. 10.0\xa0MB 이하로 줄여 주세요."),
        ("en", "The request is too large. The limit is 10.0\xa0MB."),
    ],
)
def test_a_page_says_that_a_file_is_too_large(server: RunningServer, language: str, sentence: str) -> None:
    response = httpx.post(
        f"{server.url}/admin/login/", content=b"x" * (11 * MEBIBYTE), headers={"Accept-Language": language}
    )
    assert response.status_code == 413
    assert sentence in response.text


def test_the_admin_takes_larger_bodies_than_the_api(server: RunningServer) -> None:
    assert httpx.post(f"{server.url}/admin/login/", content=b"x" * MEBIBYTE).status_code == 403  # no CSRF token
    assert httpx.post(f"{server.url}/", content=b"x" * MEBIBYTE).status_code == 413


def test_a_page_on_another_origin_can_read_the_refusal() -> None:
    with RunningServer(env={"LEAFRESH_CORS_ORIGINS": "https://app.example.com"}) as server:
        response = httpx.post(
            f"{server.url}{BASE_INFO}", content=b"x" * 300_000, headers={"Origin": "https://app.example.com"}
        )
    assert response.status_code == 413
    assert response.headers["access-control-allow-origin"] == "https://app.example.com"


def test_a_connection_goes_on_after_a_body_of_the_allowed_size(server: RunningServer) -> None:
    with httpx.Client() as client:
        for _ in range(3):
            assert client.post(f"{server.url}{BASE_INFO}", content=b"[" * 200_000).status_code == 400


@pytest.mark.parametrize("drip", ["headers", "body"])
def test_clients_that_drip_are_closed(impatient_server: RunningServer, drip: str) -> None:
    with connection(impatient_server) as opened:
        head = request("Content-Length: 1000")
        opened.sendall(head[:-2] if drip == "headers" else head)
        opened.settimeout(0.1)
        received = b""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                opened.sendall(b"X: y\r\n")
                if not (piece := opened.recv(65536)):
                    break
                received += piece
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("the connection is held")
    assert answer(received) == (408, TOO_SLOW)


def test_connections_that_say_nothing_are_closed(impatient_server: RunningServer) -> None:
    with connection(impatient_server) as opened:
        assert read_to_end(opened) == b""
    with connection(impatient_server) as kept:
        kept.sendall(request(line="GET /health/live HTTP/1.1"))
        assert read_to_end(kept).startswith(b"HTTP/1.1 200 ")  # kept open for a while, then closed


def test_streams_and_answers_are_not_hurried(impatient_server: RunningServer) -> None:
    with httpx.stream("GET", f"{impatient_server.url}{BASE_INFO}", params=SELECTION, timeout=30) as stream:
        began = time.monotonic()
        text = "".join(stream.iter_text())
    assert text.count("event: close") == 1
    assert time.monotonic() - began > 1.5, "too quick to tell"


def test_of_one_address_only_so_many_requests_are_unfinished() -> None:
    program = "import chatbot.server.daphne; from chatbot.server import http_channel as it; "
    with (
        RunningServer(before=program + "it.MAX_UNFINISHED, it.GRACE_SECONDS = 20, 0") as server,
        ExitStack() as opened,
    ):
        dripping = []
        for _ in range(30):
            dripping.append(opened.enter_context(connection(server)))
            dripping[-1].sendall(b"GET / HTTP/1.1\r\n")
        with connection(server) as another:
            another.sendall(request(line="GET /health/live HTTP/1.1"))
            assert another.recv(100).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ConnectionResetError):  # the oldest made room
            dripping[0].recv(100)


@pytest.fixture(scope="module")
def impatient_server() -> Iterator[RunningServer]:
    """With bounds of a second, for what takes ten and more otherwise; and answers that take two."""
    bounds = {
        "HEADER_SECONDS": 1,
        "BODY_SECONDS": 1,
        "KEEP_ALIVE_SECONDS": 1,
        "GRACE_SECONDS": 0.2,
    }
    program = "import chatbot.server.daphne; from chatbot.server import http_channel as it; " + "; ".join(
        f"it.{name} = {value}" for name, value in bounds.items()
    )
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15"}, before=program) as running:
        yield running


def test_an_address_may_have_letters_as_they_are(server: RunningServer) -> None:
    """As ``curl`` and some HTTP libraries send it."""
    query = "&".join(f"{name}={value}" for name, value in SELECTION.items())
    with connection(server) as opened:
        opened.sendall(request("Connection: close", line=f"GET {BASE_INFO}?{query} HTTP/1.1"))
        assert b"event: close" in read_to_end(opened)
    missing = {"status": 404, "message": "요청한 주소를 찾을 수 없습니다.", "data": None}
    assert exchange(server, request("Connection: close", line="GET /api/길 HTTP/1.1")) == (404, missing)
    latin = b"GET /api/\xff HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    assert exchange(server, latin) == (404, missing)


def test_isolated_pages_may_use_the_files(server: RunningServer) -> None:
    headers = httpx.get(f"{server.url}/static/chatbot/leafresh-chat.css").headers
    named = ("Cross-Origin-Resource-Policy", "Access-Control-Allow-Origin")
    assert [headers[name] for name in named] == ["cross-origin", "*"]


@pytest.mark.parametrize("value", ["/x", "//evil.example", "%2Fx", "길"])
def test_no_client_says_where_the_site_begins(server: RunningServer, value: str) -> None:
    names = ("Daphne-Root-Path", "Script-Name", "X-Script-Name", "X-Forwarded-Prefix", "X-Forwarded-Host")
    said = httpx.Headers({name.encode(): value.encode() for name in names})
    path = f"{value}/health/live" if value.startswith("/") else "/x/health/live"
    assert httpx.get(f"{server.url}{path}", headers=said).status_code == 404
    for path in ("/api/docs", "/api/openapi.json", "/admin/login/", "/"):
        plain, with_headers = httpx.get(f"{server.url}{path}"), httpx.get(f"{server.url}{path}", headers=said)
        assert with_headers.status_code == plain.status_code == 200
        assert without_tokens(with_headers.text) == without_tokens(plain.text)
        assert with_headers.headers.get("location") == plain.headers.get("location")
    redirected = httpx.get(f"{server.url}/admin", headers=said)
    assert redirected.headers["location"] == "/admin/"
    assert "Traceback" not in server.output


def without_tokens(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value|csrf-token|csrfToken|nonce)=?"[^"]*"', "", page)


@pytest.mark.parametrize("header", ["Daphne-Root-Path", "Sec-WebSocket-Protocol", "X-Anything", "Cookie", "Origin"])
def test_a_websocket_with_a_header_that_is_not_ascii(server: RunningServer, header: str) -> None:
    handshake = (
        b"GET /ws/chatbot/me HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s: %s\r\n\r\n"
    ) % (server.port, header.encode(), "길".encode())
    with connection(server) as opened:
        opened.sendall(handshake)
        status = int(opened.recv(1000).split()[1])
    assert status == {"Sec-WebSocket-Protocol": 400, "Origin": 400}.get(header, 101)
    assert "Traceback" not in server.output
