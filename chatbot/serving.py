"""daphne's WebSocket connections as we run them: bounded in every direction, and closed with a code that says why.

daphne takes what an application sends without ever making it wait, and keeps what a client does not read; it keeps
what an application did not look at yet; it drops a connection over a message that is too large without a word; it lets
an application close with few codes and no reason; and it ends without saying goodbye. Importing this module installs
daphne's event loop.
"""

import asyncio
import logging
from typing import Any

from autobahn.util import encode_truncate
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from chatbot.consumers import codes

logger = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 8 * 1024
"""Of a message from a client. 500 characters of free text have 1.5 KiB, decomposed as macOS does 4.5."""

MAX_UNSENT_BYTES = 256 * 1024
"""What waits for a client that does not read, beyond what the operating system keeps: some twenty answers."""

MAX_UNREAD_MESSAGES = 100
"""Of a client's messages that the application did not look at yet."""

GOODBYE_SECONDS = 10
"""A slow reader has this long to find the code at the end of what it did not read."""

RESTART_SECONDS = 1
"""How long a server that stops waits for clients to answer its goodbye."""

_TWISTED_KEEPS = 64 * 1024
"""Twisted says that a client does not keep up when more than this waits (``FileDescriptor.bufferSize``)."""


class Connection(WebSocketProtocol):  # type: ignore[misc]  # daphne ships no types
    """One WebSocket. It registers with its transport as what produces data, to be told when a client does not keep up
    (``pauseProducing``) and when everything was taken (``resumeProducing``)."""

    failByDrop = False  # say what is wrong (1002, 1007, 1009) before the connection is dropped
    maxMessagePayloadSize = MAX_MESSAGE_BYTES
    maxFramePayloadSize = MAX_MESSAGE_BYTES
    closeHandshakeTimeout = GOODBYE_SECONDS

    muted: bool = False  # as in daphne: what the client still sends is not looked at
    _unsent = 0  # bytes, at most, when the client does not keep up
    _behind = False

    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.unregisterProducer()  # Twisted's HTTP channel, whose request this was
        self.transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        if not self._behind:
            self._behind, self._unsent = True, _TWISTED_KEEPS

    def resumeProducing(self) -> None:
        self._behind, self._unsent = False, 0

    def stopProducing(self) -> None:
        """The transport is gone: ``connectionLost`` follows."""

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """Every frame goes this way, pongs too."""
        super().sendData(data, sync, chopsize)
        if self._behind:
            self._unsent += len(data)
            if self._unsent > MAX_UNSENT_BYTES:
                self.close_with(codes.TOO_SLOW, "too slow")

    def serverSend(self, content: str, binary: bool = False) -> None:
        """Sends a text. Not by ``sendMessage``, which holds it to the bound of what clients may send."""
        if self.state == self.STATE_OPEN and not self.muted:
            self.sendFrame(opcode=1, payload=content.encode())

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        if not self.muted and self.application_queue.qsize() >= MAX_UNREAD_MESSAGES:
            self.close_with(codes.TOO_FAST, "too many messages at once")
        super().onMessage(payload, isBinary)

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close" and self.state != self.STATE_CONNECTING:
            self.close_with(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def close_with(self, code: int, reason: str) -> None:
        """Closes with any code; daphne's way knows few, and no reason."""
        if self.state == self.STATE_OPEN and not self.muted:
            logger.info("a WebSocket is closed: %d %s", code, reason)
            self.sendCloseFrame(code=code, reasonUtf8=encode_truncate(reason, 123))

    def sendCloseFrame(self, code: int | None = None, reasonUtf8: bytes | None = None, isReply: bool = False) -> None:
        """Whoever closes: nothing more goes out, so the application is told at once that the client is gone."""
        if self.state == self.STATE_OPEN and not self.muted:
            self.muted = True
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": code})
        super().sendCloseFrame(code, reasonUtf8, isReply)


def install() -> None:
    """Makes daphne use our connections; it offers no way to be given them."""
    WebSocketFactory.protocol = Connection


async def say_goodbye(server: Server) -> None:
    """Closes all connections with RESTARTING, and waits a moment until the clients have taken note."""
    open_ones = [each for each in server.connections if isinstance(each, Connection) and each.state == each.STATE_OPEN]
    for connection in open_ones:
        connection.sendCloseFrame(codes.RESTARTING, b"restarting")
    if open_ones:
        loop = asyncio.get_running_loop()
        await asyncio.wait([each.is_closed.asFuture(loop) for each in open_ones], timeout=RESTART_SECONDS)
