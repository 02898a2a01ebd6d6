"""daphne with bounded WebSockets that are closed with a code and a reason.

daphne itself never makes an application wait for a slow client. It keeps all messages in memory that the client or the
application has not read. When a message is too large, it drops the connection silently. It lets an application close
with few codes and without a reason. When it stops, it does not close WebSockets.

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
    # daphne uses the reactor that is already installed.
    asyncioreactor.install(uvloop.new_event_loop())  # type: ignore[no-untyped-call]  # twisted types it not

import daphne.http_protocol
import daphne.server
from autobahn.util import encode_truncate
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from chatbot.api.client import TrustedProxies
from chatbot.errors import BodyTooLarge
from chatbot.server import http_channel
from chatbot.server.redaction import loggable_path
from chatbot.websocket import close_codes

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 8 * 1024
"""The maximum size of a client's message. 500 Korean characters have 1.5 KiB, or 4.5 KiB in NFD (macOS)."""

MAX_UNREAD_MESSAGES = 100
"""The maximum number of a client's messages that the application has not read yet."""

MAX_UNSENT_BYTES = 256 * 1024
"""The maximum number of bytes that wait for a client. The application stops sending much earlier; pongs do not."""

PATIENCE_SECONDS = 20
"""How long a slow client has to read all bytes that wait for it. 4 KiB a second are enough."""

CLOSE_SECONDS = 10
"""How long a slow client has to read the remaining bytes and the close code after them."""

RESTART_SECONDS = 1
"""How long a stopping server waits until clients confirm the close."""

SWITCH_SECONDS = 0.001

_TWISTED_KEEPS = 64 * 1024
"""A client counts as slow once more bytes than this wait for it, until none do (Twisted's ``bufferSize``)."""

_BACKLOG = 1_000
"""More connections than the system queues for a port (Twisted requests 50). So many are accepted before it closes."""


def settle_memory() -> None:
    """Excludes imported objects from garbage collection, and keeps each collection short.

    Django and LangChain create some hundred thousand permanent objects. A collection over them stopped every stream for
    a tenth of a second. A collection also stops the process while it frees objects. Requests to the API leave nearly
    none in reference cycles, but a page of the admin leaves 600. With a threshold of 400,000 objects, a collection
    under hostile load freed 85,000 objects and took 261 ms. With this one, it freed 3,000 at most.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 5)


def share_interpreter_lock() -> None:
    """Lets a thread keep Python's global interpreter lock for one millisecond instead of five.

    The event loop releases the lock with each system call. With a dozen active threads it waited often to get the lock
    back, up to 190 ms under hostile load.
    """
    sys.setswitchinterval(SWITCH_SECONDS)


def allow_open_files() -> None:
    """Raises the limit of open files to the system's maximum. Each stream is one file; 1,024 is a common limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # the system may have a lower limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server(daphne.server.Server):  # type: ignore[misc]  # daphne ships no types
    """daphne with two differences: it waits before it sends to a slow WebSocket client, and it stops gracefully.

    On the signal to stop, it awaits ``drain(server)``, and then cancels the remaining tasks.
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
        # daphne has no arguments for these classes.
        WebSocketFactory.protocol = Connection
        daphne.http_protocol.WebRequest = http_channel.Request
        daphne.server.HTTPFactory = http_channel.Factory
        http_channel.Factory.trusted = trusted

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if getattr(protocol, "body_too_large", False):
            scope[BodyTooLarge.SCOPE_KEY] = protocol.max_body_bytes
        queue = super().create_application(protocol, scope)
        if (application := self.connections.get(protocol, {}).get("application_instance")) is not None:
            application.add_done_callback(lambda _: self._forget(protocol))
        return queue

    def protocol_disconnected(self, protocol: Any) -> None:
        if protocol in self.connections:
            super().protocol_disconnected(protocol)
            self._forget(protocol)

    def _forget(self, protocol: Any) -> None:
        """Forgets a request that is over at once. daphne would keep it, and all that it has, for a second or two.

        An application that failed stays: daphne logs its error.
        """
        known = self.connections.get(protocol, {})
        application = known.get("application_instance")
        ended = application is None or (application.done() and (application.cancelled() or not application.exception()))
        if "disconnected" in known and ended:
            del self.connections[protocol]

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        await super().handle_reply(protocol, message)
        if isinstance(protocol, Connection):
            await protocol.caught_up.wait()

    def listen_success(self, port: Any) -> None:
        self._ports.append(port)
        super().listen_success(port)

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Twisted waits for the returned deferred before it stops."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        try:
            await self._drain(self)
        except Exception:  # an error must not prevent the stop
            logger.exception("the graceful shutdown failed")
        running = self._running()
        for application in running:
            application.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _running(self) -> "list[asyncio.Future[None]]":
        applications = [each.get("application_instance") for each in self.connections.values()]
        return [each for each in applications if each is not None and not each.done()]

    def stop_listening(self) -> None:
        """Accepts no new connections, except those that the system has already accepted.

        Closing the port would reset these, and a proxy does not repeat a POST request.
        """
        for port in self._ports:
            port.numberAccepts = _BACKLOG
            port.doRead()
            port.stopListening()

    async def idle(self) -> None:
        """Waits until no request is being answered and no WebSocket is open."""
        while running := self._running():
            await asyncio.wait(running)

    async def close_websockets(self) -> None:
        """Closes all WebSockets with RESTARTING. Waits at most RESTART_SECONDS for the clients to confirm."""
        connections = [each for each in self.connections if isinstance(each, Connection) and each.may_send]
        for connection in connections:
            connection.sendCloseFrame(close_codes.RESTARTING, b"restarting")
        if connections:
            loop = asyncio.get_running_loop()
            await asyncio.wait([each.is_closed.asFuture(loop) for each in connections], timeout=RESTART_SECONDS)


class Connection(WebSocketProtocol):  # type: ignore[misc]  # daphne ships no types
    """One WebSocket. It is registered as the producer of its transport.

    Twisted calls ``pauseProducing`` when the client is slow, and ``resumeProducing`` when it has read everything.
    """

    failByDrop = False  # close with a code (1002, 1007, 1009) before the connection is dropped
    maxMessagePayloadSize = MAX_MESSAGE_BYTES
    maxFramePayloadSize = MAX_MESSAGE_BYTES
    closeHandshakeTimeout = CLOSE_SECONDS

    muted: bool = False  # daphne's flag: later messages of the client are ignored
    _patience: asyncio.TimerHandle | None = None
    _unsent = 0  # an upper bound of the unsent bytes, while the client is slow

    def __repr__(self) -> str:
        """The text for daphne's log. The default would show the session id."""
        return f"<WebSocket {loggable_path(self.path.decode('ascii', 'replace'))}>"

    @property
    def may_send(self) -> bool:
        """Whether a message can be sent."""
        return bool(self.state == self.STATE_OPEN) and not self.muted

    def connectionMade(self) -> None:
        self.caught_up = asyncio.Event()
        self.caught_up.set()
        super().connectionMade()
        self.is_closed.addCallback(lambda _: None)  # else its result is the connection, which has it: a cycle
        self.transport.unregisterProducer()  # removes Twisted's HTTP channel, which handled the handshake
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        if self.may_send and self.caught_up.is_set():
            self.caught_up.clear()
            self._unsent = _TWISTED_KEEPS
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_SECONDS, self.close_with, close_codes.TOO_SLOW, "too slow")

    def resumeProducing(self) -> None:
        """Called when the client has read everything, or no more will be sent. The application continues."""
        self.caught_up.set()
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    stopProducing = resumeProducing

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Sends a frame. All frames use this method, also pongs."""
        super().sendData(data, sync, chopsize)
        if not self.caught_up.is_set():
            self._unsent += len(data)
            if self._unsent > MAX_UNSENT_BYTES:
                self.close_with(close_codes.TOO_SLOW, "too slow")

    def serverSend(self, content: str, binary: bool = False) -> None:
        """Sends a text message. ``sendMessage`` would apply the size limit for clients' messages."""
        if self.may_send:
            self.sendFrame(opcode=1, payload=content.encode())

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.application_queue.qsize() >= MAX_UNREAD_MESSAGES:
            if self.caught_up.is_set():
                self.close_with(close_codes.TOO_FAST, "too many messages at once")
            else:  # the application is waiting for this client
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
        """Called when either side closes. Tells the application at once that the client is gone."""
        if self.may_send:
            self.muted = True
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.resumeProducing()
        super().sendCloseFrame(code, reasonUtf8, isReply)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.resumeProducing()
        super().onClose(wasClean, code, reason)
