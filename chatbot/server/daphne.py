"""daphne with bounded WebSockets, which are closed with a code and a reason.

By itself daphne never makes an application wait for a slow client, and keeps all messages that one of them did not
read. It drops a connection silently when a message is too large. It lets an application close with few codes and no
reason, and closes nothing when it stops.

Importing this module installs uvloop, on which a stream takes less processor time than on asyncio's own event loop.
"""

import asyncio
import contextlib
import gc
import logging
import resource
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvloop
from twisted.internet import asyncioreactor, defer

if "twisted.internet.reactor" not in sys.modules:
    # daphne uses a reactor that is installed.
    asyncioreactor.install(uvloop.new_event_loop())  # type: ignore[no-untyped-call]  # twisted types it not

import daphne.http_protocol
import daphne.server
from autobahn.util import encode_truncate
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from chatbot.api.client_address import TrustedProxies
from chatbot.errors import BodyTooLarge
from chatbot.server import http_channel
from chatbot.server.redaction import loggable_path
from chatbot.websocket import close_codes

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 8 * 1024
"""A client's message. 500 characters of free text have 1.5 KiB, or 4.5 when decomposed as on macOS."""

MAX_UNREAD_MESSAGES = 100
"""A client's messages that the application has not read yet."""

MAX_UNSENT_BYTES = 256 * 1024
"""Bytes that wait for a client. The application waits much earlier; answers to pings do not."""

PATIENCE_SECONDS = 20
"""How long a slow client has to read all that waits for it. At 4 KiB a second it can."""

GOODBYE_SECONDS = 10
"""How long a slow client has to find the close code after what it has not read."""

RESTART_SECONDS = 1
"""How long a server that stops waits for clients to answer the close."""

SWITCH_SECONDS = 0.001

_TWISTED_KEEPS = 64 * 1024
"""A client is slow from the time when more bytes than this wait for it until none does (Twisted's ``bufferSize``)."""

_BACKLOG = 1_000
"""More connections than the system keeps for a port until they are accepted (Twisted asks for 50)."""


def settle_memory() -> None:
    """Hides imported objects from the garbage collector, and keeps each of its runs short.

    Django and LangChain are some hundred thousand objects that stay. A run over them stopped every stream for a tenth
    of a second. A run also stops everything while it frees what it found. It found 85,000 objects, and took 261 ms
    under hostile load, when 400,000 had to be made before an older generation was looked at.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 5)


def share_interpreter_lock() -> None:
    """Has threads hand over Python's interpreter lock after a millisecond instead of five.

    The event loop gives the lock up with each system call. With a dozen threads at work, it waited for it again and
    again: 190 ms at most under hostile load.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def allow_open_files() -> None:
    """Allows as many open files as the system permits: each stream is one, and containers often start with 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # the system has another, lower bound
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server(daphne.server.Server):  # type: ignore[misc]  # daphne ships no types
    """daphne, with two differences: sending to a WebSocket waits while its client is slow, and a stop takes time.

    When the server is told to stop, it awaits ``drain(server)``. Then it cancels what still runs.
    """

    def __init__(
        self,
        *,
        drain: "Callable[[Server], Awaitable[None]]",
        trusted: TrustedProxies = TrustedProxies(),  # noqa: B008  frozen
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._drain = drain
        self._ports: list[Any] = []
        # daphne takes no other classes by argument.
        WebSocketFactory.protocol = Connection
        daphne.http_protocol.WebRequest = http_channel.Request
        daphne.server.HTTPFactory = http_channel.Factory
        http_channel.Factory.trusted = trusted

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if getattr(protocol, "body_too_large", False):
            scope[BodyTooLarge.SCOPE_KEY] = protocol.max_body_bytes
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        if isinstance(protocol, Connection):
            await protocol.caught_up.wait()

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Twisted waits for this before it stops."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        try:
            await self._drain(self)
        except Exception:  # the server stops anyway
            logger.exception("the server could not be stopped gently")
        running = self._running()
        for application in running:
            application.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _running(self) -> "list[asyncio.Future[None]]":
        applications = [each.get("application_instance") for each in self.connections.values()]
        return [each for each in applications if each is not None and not each.done()]

    def stop_listening(self) -> None:
        """Accepts no new connections after those that the system has taken already.

        Closing the port would reset those, and a proxy does not repeat a POST.
        """
        for port in self._ports:
            port.numberAccepts = _BACKLOG
            port.doRead()
            port.stopListening()

    async def idle(self) -> None:
        """Returns when no request is being answered and no WebSocket is open."""
        while running := self._running():
            await asyncio.wait(running)

    async def say_goodbye(self) -> None:
        """Closes all WebSockets with RESTARTING, and waits RESTART_SECONDS at most for the clients' answers."""
        connections = [each for each in self.connections if isinstance(each, Connection) and each.may_send]
        for connection in connections:
            connection.sendCloseFrame(close_codes.RESTARTING, b"restarting")
        if connections:
            loop = asyncio.get_running_loop()
            await asyncio.wait([each.is_closed.asFuture(loop) for each in connections], timeout=RESTART_SECONDS)


class Connection(WebSocketProtocol):  # type: ignore[misc]  # daphne ships no types
    """One WebSocket. As the producer of its transport it learns when a client is slow (``pauseProducing``) and when
    the client has read everything (``resumeProducing``)."""

    failByDrop = False  # close with a code (1002, 1007, 1009) before the connection is dropped
    maxMessagePayloadSize = MAX_MESSAGE_BYTES
    maxFramePayloadSize = MAX_MESSAGE_BYTES
    closeHandshakeTimeout = GOODBYE_SECONDS

    muted: bool = False  # daphne's flag: later messages of the client are ignored
    _patience: asyncio.TimerHandle | None = None
    _unsent = 0  # bytes at most, while the client is slow

    def __repr__(self) -> str:
        """For daphne's log, where its own form would show the session id."""
        return f"<WebSocket {loggable_path(self.path.decode('ascii', 'replace'))}>"

    @property
    def may_send(self) -> bool:
        """Whether something can be sent."""
        return bool(self.state == self.STATE_OPEN) and not self.muted

    def connectionMade(self) -> None:
        self.caught_up = asyncio.Event()
        self.caught_up.set()
        super().connectionMade()
        self.transport.unregisterProducer()  # Twisted's HTTP channel, whose request this was
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        if self.may_send and self.caught_up.is_set():
            self.caught_up.clear()
            self._unsent = _TWISTED_KEEPS
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_SECONDS, self.close_with, close_codes.TOO_SLOW, "too slow")

    def resumeProducing(self) -> None:
        """The client has read everything, or nothing more will be sent: the application need not wait."""
        self.caught_up.set()
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    stopProducing = resumeProducing

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """All frames pass here, pongs too."""
        super().sendData(data, sync, chopsize)
        if not self.caught_up.is_set():
            self._unsent += len(data)
            if self._unsent > MAX_UNSENT_BYTES:
                self.close_with(close_codes.TOO_SLOW, "too slow")

    def serverSend(self, content: str, binary: bool = False) -> None:
        """Sends a text. ``sendMessage`` would apply the bound of clients' messages."""
        if self.may_send:
            self.sendFrame(opcode=1, payload=content.encode())

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.application_queue.qsize() >= MAX_UNREAD_MESSAGES:
            if self.caught_up.is_set():
                self.close_with(close_codes.TOO_FAST, "too many messages at once")
            else:  # the application waits for this client
                self.close_with(close_codes.TOO_SLOW, "too slow")
        super().onMessage(payload, isBinary)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close" and self.state != self.STATE_CONNECTING:
            self.close_with(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def close_with(self, code: int, reason: str) -> None:
        """Closes with any code and a reason."""
        if self.may_send:
            logger.info("a WebSocket is closed: %d %s", code, reason)
            self.sendCloseFrame(code=code, reasonUtf8=encode_truncate(reason, 123))

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        """Either side closes. Nothing more is sent, so the application learns at once that the client is gone."""
        if self.may_send:
            self.muted = True
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.resumeProducing()
        super().sendCloseFrame(code, reasonUtf8, isReply)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.resumeProducing()
        super().onClose(wasClean, code, reason)
