"""daphne's WebSocket connections as we run them: bounded in every direction, and closed with a code that says why.

daphne takes what an application sends without ever making it wait, and keeps what a client does not read; it keeps
what an application did not look at yet; it drops a connection over a message that is too large without a word; it lets
an application close with few codes and no reason; and it ends without saying goodbye. Of HTTP it is what happens when
an application fails behind the first byte of its response. Importing this module installs the event loop that daphne
runs on: uvloop, on which a stream takes less processor time than on asyncio's own.
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
    # daphne takes one that is there.
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
"""Of a message from a client. 500 characters of free text have 1.5 KiB, decomposed as macOS does 4.5."""

MAX_UNREAD_MESSAGES = 100
"""Of a client's messages that the application did not look at yet."""

MAX_UNSENT_BYTES = 256 * 1024
"""What may wait for a client. The application waits long before; answers to pings do not."""

PATIENCE_SECONDS = 20
"""A client that is behind has this long to take all that waits for it: at 4 KiB a second it can."""

GOODBYE_SECONDS = 10
"""A slow reader has this long to find the code at the end of what it did not read."""

RESTART_SECONDS = 1
"""How long a server that stops waits for clients to answer its goodbye."""

_TWISTED_KEEPS = 64 * 1024
"""A client is behind when more than this waits for it (``FileDescriptor.bufferSize``), until nothing does."""


_BACKLOG = 1_000
"""More connections than the system keeps for a port until they are accepted (Twisted asks for 50)."""


def settle_memory() -> None:
    """Takes what was imported out of the garbage collector's sight, and has it look less often.

    Django and LangChain are some hundred thousand objects that stay. Going through them all stopped every stream for a
    tenth of a second now and then.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def allow_open_files() -> None:
    """Takes as many open files as the system allows: a stream is one, and in containers 1,024 are given at first."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # a system with a lower bound of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server(daphne.server.Server):  # type: ignore[misc]  # daphne ships no types
    """daphne, with two differences: sending to a WebSocket takes as long as the client is behind; and when it is told
    to stop, it first awaits ``let_go(server)``, and only then cancels what still runs."""

    def __init__(
        self,
        *,
        let_go: "Callable[[Server], Awaitable[None]]",
        trusted: TrustedProxies = TrustedProxies(),  # noqa: B008  frozen
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._let_go = let_go
        self._ports: list[Any] = []
        # daphne offers no way to be given other classes than its own.
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
        """What Twisted waits for before it stops."""
        return defer.Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        try:
            await self._let_go(self)
        except Exception:  # it ends all the same
            logger.exception("the server could not be stopped gently")
        left = self._at_work()
        for application in left:
            application.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _at_work(self) -> "list[asyncio.Future[None]]":
        applications = [each.get("application_instance") for each in self.connections.values()]
        return [each for each in applications if each is not None and not each.done()]

    def stop_listening(self) -> None:
        """Takes no new connections; those that are open stay, and those that the system has taken for us: closing the
        port would reset them, and a proxy does not send a POST again."""
        for port in self._ports:
            port.numberAccepts = _BACKLOG
            port.doRead()
            port.stopListening()

    async def idle(self) -> None:
        """Returns when no request is being answered any more, and no WebSocket is open."""
        while left := self._at_work():
            await asyncio.wait(left)

    async def say_goodbye(self) -> None:
        """Closes all WebSockets with RESTARTING, and waits a moment until the clients have taken note."""
        connections = [each for each in self.connections if isinstance(each, Connection) and each.may_send]
        for connection in connections:
            connection.sendCloseFrame(close_codes.RESTARTING, b"restarting")
        if connections:
            loop = asyncio.get_running_loop()
            await asyncio.wait([each.is_closed.asFuture(loop) for each in connections], timeout=RESTART_SECONDS)


class Connection(WebSocketProtocol):  # type: ignore[misc]  # daphne ships no types
    """One WebSocket. It registers with its transport as what produces data, to be told when a client is behind
    (``pauseProducing``) and when everything was taken (``resumeProducing``)."""

    failByDrop = False  # say what is wrong (1002, 1007, 1009) before the connection is dropped
    maxMessagePayloadSize = MAX_MESSAGE_BYTES
    maxFramePayloadSize = MAX_MESSAGE_BYTES
    closeHandshakeTimeout = GOODBYE_SECONDS

    muted: bool = False  # as in daphne: what the client still sends is not looked at
    _patience: asyncio.TimerHandle | None = None
    _unsent = 0  # bytes, at most, while the client is behind

    def __repr__(self) -> str:
        """daphne logs it; its own has the session."""
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
        """The client took all, or nothing more will be sent: nobody waits any longer."""
        self.caught_up.set()
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    stopProducing = resumeProducing

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Every frame goes this way, pongs too."""
        super().sendData(data, sync, chopsize)
        if not self.caught_up.is_set():
            self._unsent += len(data)
            if self._unsent > MAX_UNSENT_BYTES:
                self.close_with(close_codes.TOO_SLOW, "too slow")

    def serverSend(self, content: str, binary: bool = False) -> None:
        """Sends a text. Not by ``sendMessage``, which holds it to the bound of what clients may send."""
        if self.may_send:
            self.sendFrame(opcode=1, payload=content.encode())

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if self.application_queue.qsize() >= MAX_UNREAD_MESSAGES:
            if self.caught_up.is_set():
                self.close_with(close_codes.TOO_FAST, "too many messages at once")
            else:  # the application waits for this very client
                self.close_with(close_codes.TOO_SLOW, "too slow")
        super().onMessage(payload, isBinary)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close" and self.state != self.STATE_CONNECTING:
            self.close_with(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def close_with(self, code: int, reason: str) -> None:
        """Closes with any code; daphne's way knows few, and no reason."""
        if self.may_send:
            logger.info("a WebSocket is closed: %d %s", code, reason)
            self.sendCloseFrame(code=code, reasonUtf8=encode_truncate(reason, 123))

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        """Whoever closes: nothing more goes out, so the application is told at once that the client is gone."""
        if self.may_send:
            self.muted = True
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": code})
        self.resumeProducing()
        super().sendCloseFrame(code, reasonUtf8, isReply)

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:
        self.resumeProducing()
        super().onClose(wasClean, code, reason)
