"""Another site: a few files on another origin than the chat's server."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.e2e.server import ROOT

TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


def documented_lines(server_url: str) -> str:
    """The embedding as docs/client.md shows it, for a server elsewhere."""
    guide = (ROOT / "docs" / "client.md").read_text("utf-8").partition("## Embedding")[2]
    found = re.search(r"```html\n(.*?)```", guide, re.DOTALL)
    assert found is not None
    assert found[1].count("\n") == 2
    return found[1].replace("https://chat.example.com", server_url)


def page_with_chat(server_url: str, *, language: str = "ko") -> str:
    """A page that embeds the server's chat as the documentation says, with its own style sheet."""
    name = "우리 동네" if language == "ko" else "Our town"
    head = f'<meta charset="utf-8"><title>{name}</title><link rel="stylesheet" href="/site.css">'
    body = f"<main><h1>{name}</h1>\n{documented_lines(server_url)}</main>"
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{body}</body></html>'


class Site:
    """``with Site() as site: site.files["/"] = "<p>…"; … site.origin``. A name without an end is a page.

    ``policy`` is the Content-Security-Policy of everything it serves, ``headers`` are further ones.
    """

    def __init__(self) -> None:
        self.files = {"/favicon.ico": ""}  # browsers ask for it by themselves
        self.policy = ""
        self.headers: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def origin(self) -> str:
        """By another name than the chat's server, so that it is another site, too."""
        return f"http://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = site.files.get(self.path)
                body = (content or "").encode()
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Type", TYPES.get(self.path.rpartition(".")[2], TYPES["html"]))
                self.send_header("Content-Length", str(len(body)))
                for name, value in site.headers.items():
                    self.send_header(name, value)
                if site.policy:
                    self.send_header("Content-Security-Policy", site.policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *said: object) -> None:
                """Logs nothing."""

        return Handler
