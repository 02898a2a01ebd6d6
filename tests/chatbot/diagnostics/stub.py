"""A small HTTP server in a thread that sends the raw replies of a test, on a free loopback port."""

import socketserver
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from chatbot.diagnostics.deployment import Target
from chatbot.diagnostics.visit import OPTIONS, SESSIONS, STREAM
from tests.chatbot.diagnostics.recordings import HEADERS, OPENING, framed, good_events, options_body


def reply(
    body: bytes = b"", *, status: str = "200 OK", headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()
) -> bytes:
    """A whole response, with a Content-Length."""
    pairs = [*(headers.items() if isinstance(headers, Mapping) else headers), ("Content-Length", str(len(body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def good_replies() -> dict[str, bytes]:
    return {
        f"GET {OPTIONS}": reply(options_body(), headers={"Content-Type": "application/json"}),
        f"GET {STREAM}": reply(OPENING + b"".join(framed(good_events())), headers=HEADERS),
        f"DELETE {SESSIONS}": reply(b"{}"),
    }


class Stub:
    """``replies`` are raw bytes by the beginning of the request line; what has none is hung up on.

    After a reply of None the connection stays open until the stub closes; ``greeting`` is all that it sends.
    ``requests`` are the heads of what was asked.
    """

    def __init__(self, replies: Mapping[str, bytes | None], *, greeting: bytes = b"") -> None:
        self.requests: list[str] = []
        self._closing = threading.Event()
        stub = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head = b""
                while (line := self.rfile.readline()).strip():
                    head += line
                request = head.decode("latin-1")
                stub.requests.append(request)
                answer = next((data for start, data in replies.items() if request.startswith(start)), b"")
                if answer is None:
                    self.wfile.write(greeting)
                    stub._closing.wait(30)
                else:
                    self.wfile.write(answer)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.port: int = self._server.server_address[1]
        self.target = Target("http", "127.0.0.1", self.port)

    @property
    def request_lines(self) -> list[str]:
        """The method and path of every request, without the query."""
        return [request.split("\r\n")[0].removesuffix(" HTTP/1.1").partition("?")[0] for request in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
