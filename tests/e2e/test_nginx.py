"""Requests through nginx with the shipped configuration."""

import unicodedata
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest

from tests.e2e import nginx

pytestmark = pytest.mark.skipif(not nginx.EXECUTABLE, reason="needs nginx")


class _Stub(BaseHTTPRequestHandler):
    """Answers with the names of the headers that it was sent."""

    def do_GET(self) -> None:
        body = "\n".join(sorted(name.lower() for name in self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stub() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Stub)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("path", ["/", "/ai/chatbot/recommendation/base-info", "/ws/chatbot/me", "/admin/"])
def test_what_no_client_may_say_does_not_pass(stub: int, path: str) -> None:
    said = {"Daphne-Root-Path": "/x", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/x", "X-Other": "1"}
    with nginx.RunningNginx([stub]) as running:
        passed = httpx.get(f"{running.url}{path}", headers=said).text.split("\n")
    assert "x-other" in passed
    assert not {"daphne-root-path", "x-forwarded-host", "x-forwarded-prefix"} & set(passed)


def test_a_long_message_passes_decomposed(stub: int) -> None:
    """As macOS and some libraries send Korean: nine bytes of an address for each of a syllable's two or three parts."""
    message = unicodedata.normalize("NFD", "각" * 450)
    with nginx.RunningNginx([stub]) as running:
        assert httpx.get(f"{running.url}/ai/chatbot", params={"message": message}).status_code == 200


@pytest.mark.parametrize("log", ["deploy/nginx/leafresh.conf", "deploy/compose/nginx.conf"])
def test_its_log_names_no_session(stub: int, log: str) -> None:
    shown = {
        "/api/chatbot/sessions/SECRET": "/api/chatbot/sessions/...",
        "/api/chatbot/%73essions%2FSECRET": "/api/chatbot/sessions/...",
        "/api//chatbot/sessions/SECRET": "/api/chatbot/sessions/...",
        "/API/chatbot/Sessions/SECRET": "/API/chatbot/Sessions/...",
        "/api/chatbot/%2573essions/SECRET": "/api/...",
        "/ws/chatbot/SECRET": "/ws/chatbot/...",
        "/admin/chatbot/chatsession/SECRET/change/": "/admin/chatbot/chatsession/...",
        "/ai/chatbot/recommendation/base-info?sessionId=SECRET": "/ai/chatbot/recommendation/base-info",
        "/api/challenges/options": "/api/challenges/options",
        "/": "/",
    }
    with nginx.RunningNginx([stub], log=log) as running:
        for address in shown:
            httpx.get(f"{running.url}{address}")
        while len(running.logged) < len(shown):
            pass
        assert running.logged == [f"GET {each}" for each in shown.values()]
