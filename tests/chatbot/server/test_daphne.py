"""The limits of a WebSocket with a transport that the test empties. tests/e2e has a real one."""

import asyncio
import resource
from typing import Any

import pytest
from daphne.ws_protocol import WebSocketFactory

from chatbot.server import daphne, http_channel
from chatbot.server.daphne import MAX_UNREAD_MESSAGES, MAX_UNSENT_BYTES, Connection, Server

TWISTED_KEEPS = 64 * 1024
TEXT = "가" * 1000
FRAME_BYTES = 3004


class Transport:
    """A transport that keeps written bytes, and calls its producer as Twisted's does."""

    def __init__(self) -> None:
        self.kept = b""
        self.producer: Any = object()  # an HTTP channel's
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.kept += data
        if len(self.kept) > TWISTED_KEEPS:
            self.producer.pauseProducing()

    def take(self) -> bytes:
        """The client reads all bytes."""
        taken, self.kept = self.kept, b""
        self.producer.resumeProducing()
        return taken

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: N802  Twisted's name
        assert (self.producer, streaming) == (None, True)
        self.producer = producer

    def unregisterProducer(self) -> None:  # noqa: N802  Twisted's name
        self.producer = None

    def abortConnection(self) -> None:  # noqa: N802  Twisted's name
        self.aborted = True

    def getPeer(self) -> None:  # noqa: N802  Twisted's name
        return None

    getHost = getPeer


class Daphne:
    """The part of daphne's server that a connection needs."""

    def protocol_disconnected(self, connection: Connection) -> None:
        pass

    def log_action(self, *details: object) -> None:
        pass


def connected() -> tuple[Connection, Transport]:
    """A connection whose handshake is done."""
    connection, transport = Connection(), Transport()
    connection.factory = WebSocketFactory(Daphne(), server="leafresh")
    connection.server, connection.client_addr = Daphne(), None
    connection.makeConnection(transport)
    connection.openHandshakeTimeoutCall.cancel()
    connection.openHandshakeTimeoutCall = None
    connection.state = connection.STATE_OPEN
    connection.application_queue = asyncio.Queue()
    return connection, transport


def closing(code: int, reason: str) -> bytes:
    """The close frame with this code and reason."""
    said = code.to_bytes(2, "big") + reason.encode()
    return bytes([0x88, len(said)]) + said


def until_behind(connection: Connection) -> int:
    """Sends texts until the client is slow, and returns their number."""
    count = 0
    while connection.caught_up.is_set():
        connection.handle_reply({"type": "websocket.send", "text": TEXT})
        count += 1
    return count


async def test_a_client_is_behind_until_it_has_taken_all() -> None:
    connection, transport = connected()
    assert until_behind(connection) == TWISTED_KEEPS // FRAME_BYTES + 1
    transport.take()
    assert connection.caught_up.is_set()
    assert connection.application_queue.empty()


async def test_whoever_sends_waits_while_the_client_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    connection, transport = connected()

    async def nothing(server: Server) -> None:
        pass

    server = Server(drain=nothing, application=None, endpoints=["unused"])
    server.connections = {connection: {}}

    async def send_many() -> None:
        for _ in range(100):
            await server.handle_reply(connection, {"type": "websocket.send", "text": TEXT})

    sending = asyncio.create_task(send_many())
    taken = 0
    while not sending.done():
        await asyncio.sleep(0)
        assert len(transport.kept) <= TWISTED_KEEPS + FRAME_BYTES
        taken += len(transport.take())
    assert taken + len(transport.kept) == 100 * FRAME_BYTES


async def test_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daphne, "PATIENCE_SECONDS", 0.01)
    connection, transport = connected()
    until_behind(connection)
    assert await asyncio.wait_for(connection.application_queue.get(), 10) == {
        "type": "websocket.disconnect",
        "code": 4408,
    }
    assert connection.caught_up.is_set()
    connection.handle_reply({"type": "websocket.send", "text": TEXT})
    assert transport.take().endswith(closing(4408, "too slow"))


async def test_patience_with_a_client_that_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daphne, "PATIENCE_SECONDS", 0.01)
    connection, transport = connected()
    until_behind(connection)
    transport.take()
    await asyncio.sleep(0.03)
    assert connection.application_queue.empty()
    assert transport.kept == b""


async def test_what_does_not_wait_is_bounded() -> None:
    """Pongs, or an application that sends without waiting."""
    connection, transport = connected()
    while connection.application_queue.empty():
        connection.sendPong(b"x" * 125)
    assert MAX_UNSENT_BYTES < len(transport.kept) <= MAX_UNSENT_BYTES + 127 + len(closing(4408, "too slow"))
    assert transport.kept.endswith(closing(4408, "too slow"))


@pytest.mark.parametrize(
    ("behind", "code", "reason"), [(False, 4429, "too many messages at once"), (True, 4408, "too slow")]
)
async def test_messages_that_nobody_looks_at_are_bounded(behind: bool, code: int, reason: str) -> None:
    connection, transport = connected()
    if behind:
        until_behind(connection)
    for _ in range(MAX_UNREAD_MESSAGES + 50):
        connection.onMessage(b"{}", False)
    queue = connection.application_queue
    received = [queue.get_nowait() for _ in range(queue.qsize())]
    assert received == [{"type": "websocket.receive", "text": "{}"}] * MAX_UNREAD_MESSAGES + [
        {"type": "websocket.disconnect", "code": code}
    ]
    assert transport.take().endswith(closing(code, reason))


async def test_a_close_with_a_reason() -> None:
    connection, transport = connected()
    connection.handle_reply({"type": "websocket.close", "code": 4400, "reason": "가" * 100})
    assert transport.kept == closing(4400, "가" * 41)  # a control frame has room for no more
    assert connection.application_queue.get_nowait() == {"type": "websocket.disconnect", "code": 4400}
    connection.handle_reply({"type": "websocket.close"})
    assert connection.application_queue.empty()


async def test_a_long_text_is_no_message_of_a_client() -> None:
    connection, transport = connected()
    connection.handle_reply({"type": "websocket.send", "text": "x" * 20_000})
    assert transport.kept == b"\x81\x7e" + (20_000).to_bytes(2, "big") + b"x" * 20_000


def test_a_server_takes_as_many_open_files_as_it_is_allowed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        daphne.allow_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_who_left_an_endless_request_is_logged_without_what_he_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def nothing(server: Server) -> None:
        pass

    server = Server(drain=nothing, application=None, endpoints=["unused"])
    server.connections = {}
    request = http_channel.Request(Channel(server))
    request.uri, request.method = b"/ai/chatbot/recommendation/free-text?sessionId=me&message=secret", b"GET"
    connection, _ = connected()
    monkeypatch.setattr("daphne.server.reactor.callLater", lambda *_: None)
    connection.path = b"/ws/chatbot/my-session"
    left = [asyncio.ensure_future(asyncio.sleep(60)) for _ in range(2)]
    server.connections = {
        protocol: {"disconnected": 1.0, "application_instance": task}
        for protocol, task in zip([request, connection], left, strict=True)
    }
    server.application_checker()
    await asyncio.gather(*left, return_exceptions=True)
    assert [record.getMessage().partition(" for connection ")[2] for record in caplog.records] == [
        "<GET /ai/chatbot/recommendation/free-text> took too long to shut down and was killed.",
        "<WebSocket /ws/chatbot/…> took too long to shut down and was killed.",
    ]


class Channel(Transport):
    """The part of a connection that a request needs."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.transport, self.factory, self.server = self, self, server
