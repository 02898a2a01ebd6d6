"""What nginx passes on, with the configuration that operators get."""

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
