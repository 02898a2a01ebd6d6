"""daphne with bounded HTTP connections, whose errors have the API's envelope.

By itself daphne reads a whole body of any size before it calls the application. A client that sends a byte now and then
keeps its connection for ever. A request that Twisted cannot parse gets an empty 400. Any client may set the site's root
path. Here headers, bodies, and the time to send them have bounds.

Import ``chatbot.server.daphne`` first, which installs the event loop.
"""

import asyncio
import logging
from collections import defaultdict
from typing import Any

import daphne.http_protocol
from twisted.web import http

from chatbot.api.client_address import TrustedProxies, client_address
from chatbot.server.redaction import loggable_path

logger = logging.getLogger("leafresh.access")

HEADER_SECONDS = 10
"""From a request's first byte to the end of its headers; for the first request, from the connection on."""

BODY_SECONDS = 30
"""From the end of the headers to the end of the body."""

UPLOAD_SECONDS = 120
"""The same for files that an editor uploads to the admin: ten megabytes over a slow line."""

KEEP_ALIVE_SECONDS = 60
"""How long a connection may stay open without a request."""

MAX_BODY_BYTES = 256 * 1024
"""A request's body to the API. Useful ones have a few kilobytes."""

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
"""The same for the admin, which takes files. nginx's ``client_max_body_size`` in deploy/ has the same value."""

UPLOADS = b"/admin/"

MAX_UNFINISHED = 100
"""Unfinished requests of one address. One more closes the oldest connection."""

GRACE_SECONDS = 2
"""A connection's first seconds, when it is not closed for that: many connections at once are no attack."""

LINGER_SECONDS = 5
"""How long the server reads on after it refused a request. Closing at once could lose the answer on its way."""

LINGER_BYTES = 16 * 1024 * 1024
"""How many bytes it reads then."""

_TOO_SLOW = "요청이 너무 느리게 왔습니다. 다시 시도해 주세요."
_TOO_MANY_HEADERS = "요청 헤더가 너무 많습니다. 500개 이하로 줄여 주세요."


class Request(daphne.http_protocol.WebRequest):  # type: ignore[misc]  # daphne ships no types
    """One HTTP request."""

    body_too_large = False
    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, *args: Any, **options: Any) -> None:
        # Django reads forms. Twisted would read them, too, on the event loop.
        super().__init__(*args, **options, parsePOSTFormSubmission=False)

    def __repr__(self) -> str:
        """For daphne's log, where Twisted's form would show the whole address."""
        return f"<{self.method.decode('ascii', 'replace')} {loggable_path(self.uri.decode('ascii', 'replace'))}>"

    def process(self) -> None:
        """Removes ``Daphne-Root-Path``, which daphne believes from any client. WebSockets pass here, too."""
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")
        protocols = self.requestHeaders.getRawHeaders(b"Sec-WebSocket-Protocol", [])
        if all(value.isascii() for value in protocols):  # daphne reads it as ASCII
            super().process()
        else:
            self.basic_error(400, b"Bad Request", "Invalid header value")

    def handleContentChunk(self, data: bytes) -> None:
        if self.body_too_large:
            return
        if self.content.tell() + len(data) > self.max_body_bytes:
            self.channel.refuse_body()
        else:
            super().handleContentChunk(data)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """daphne's own errors, in the envelope instead of HTML."""
        headers = [(b"Content-Type", b"application/json; charset=utf-8")]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": _envelope(status)})

    def handle_exception(self, exception: BaseException) -> None:
        """Answers with an error. After the first byte it breaks the connection, so that the client sees the loss.

        There daphne itself would raise in its task for all requests, which would end that task.
        """
        if self._response_started:
            self.loseConnection()
        else:
            super().handle_exception(exception)


_TwistedChannel: Any = http.HTTPChannel  # its types are half there, and some are wrong


class Channel(_TwistedChannel):  # type: ignore[misc]  # see above
    """One connection, which carries one request after the other."""

    length: int | None
    _abortingCall: Any
    _begun = True  # the first request begins with the connection
    _heard = False  # whether any byte of the request came
    _refused = False  # the refusal is being sent or sent; later bytes are discarded
    _discarded = 0  # bytes

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.unfinished.add(self)

    def dataReceived(self, data: bytes) -> None:
        if self._refused:
            self._discard(data)
            return
        if not self._handlingRequest:
            if not self._begun:
                self._begin()
            self._heard = True
        super().dataReceived(data)

    def _begin(self) -> None:
        self._begun = True
        self.setTimeout(HEADER_SECONDS)
        self.factory.unfinished.add(self)

    def resetTimeout(self) -> None:
        """Received bytes do not extend the time."""

    def lineReceived(self, line: bytes) -> Any:
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            return self._refuse(431)
        return super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        self._refuse(431)

    def headerReceived(self, line: bytes) -> bool:
        if self._receivedHeaderCount >= self.maxHeaders:
            self._refuse(431, _TOO_MANY_HEADERS)
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:
        request = self.requests[-1]
        is_upload = self._path.startswith(UPLOADS)
        request.max_body_bytes = MAX_UPLOAD_BYTES if is_upload else MAX_BODY_BYTES
        if self.length is not None and self.length > request.max_body_bytes:
            request.requestHeaders.removeHeader(b"Expect")  # the refusal answers it
            self.length = 0  # the request is handled at once
            self._mark_too_large(request)
        super().allHeadersReceived()
        if self._refused:
            self.persistent = False
        elif self.length != 0:
            self.setTimeout(UPLOAD_SECONDS if is_upload else BODY_SECONDS)

    def refuse_body(self) -> None:
        """In the middle of a body of unknown size: handles the request without its body."""
        request = self.requests[-1]
        request.content.seek(0)
        request.content.truncate()
        self._mark_too_large(request)
        self.persistent = False
        self.allContentReceived()

    def _mark_too_large(self, request: Request) -> None:
        request.body_too_large = True
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        self._refused = True

    def allContentReceived(self) -> None:
        self._begun = self._heard = False
        self.factory.unfinished.remove(self)
        super().allContentReceived()

    def _finishRequestBody(self, data: bytes) -> None:
        if not self._refused:
            super()._finishRequestBody(data)

    def rawDataReceived(self, data: bytes) -> None:
        if self._refused:
            self._discard(data)
        else:
            super().rawDataReceived(data)

    def requestDone(self, request: Request) -> None:
        self._savedTimeOut = KEEP_ALIVE_SECONDS
        super().requestDone(request)

    def timeoutConnection(self) -> None:
        if self._heard:
            self._refuse(408, _TOO_SLOW)
        else:
            super().timeoutConnection()

    def connectionLost(self, reason: Any) -> None:
        self.factory.unfinished.remove(self)
        super().connectionLost(reason)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self._refuse(400)

    def _refuse(self, status: int, message: str = "") -> None:
        """Answers an incomplete request, which cannot be given to the application."""
        if self._refused:
            return
        body = _envelope(status, message)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        logger.info("a request that was not whole: %d", status)
        self._refused = True
        self._buffer = b""  # Twisted's unread lines
        self.setTimeout(None)
        self.factory.unfinished.remove(self)
        self.transport.write(head.encode() + body)
        self.loseConnection()

    def loseConnection(self) -> None:
        """After a refusal, closes the connection when the client does or LINGER_SECONDS are over."""
        if not self._refused:
            super().loseConnection()
            return
        self._networkProducer.unregisterProducer()
        self.transport.loseWriteConnection()
        self._networkProducer.resumeProducing()
        if self._abortingCall is None:
            self._abortingCall = self.callLater(LINGER_SECONDS, self.forceAbortClient)

    def _discard(self, data: bytes) -> None:
        self._discarded += len(data)
        if self._discarded > LINGER_BYTES:
            if self._abortingCall is not None:  # the answer is sent
                self.transport.loseConnection()
            else:
                self._networkProducer.pauseProducing()


class Unfinished:
    """Connections with an unfinished request, by the client's address."""

    def __init__(self, trusted: TrustedProxies) -> None:
        self._trusted = trusted
        self._of_address: defaultdict[str, dict[Channel, float]] = defaultdict(dict)
        self._address_of: dict[Channel, str] = {}

    def add(self, channel: Channel) -> None:
        """Counts the connection, unless it comes from a proxy or by a Unix socket: these carry all clients."""
        peer = getattr(channel.transport.getPeer(), "host", None)
        if peer is None or self._trusted.includes(peer):
            return
        address = client_address(peer=peer, forwarded_for="", trusted=self._trusted)
        now = asyncio.get_running_loop().time()
        waiting = self._of_address[address]
        if len(waiting) >= MAX_UNFINISHED:
            oldest, since = next(iter(waiting.items()))
            if now - since > GRACE_SECONDS:
                self.remove(oldest)
                oldest.transport.abortConnection()
        self._of_address[address][channel] = now
        self._address_of[channel] = address

    def remove(self, channel: Channel) -> None:
        if (address := self._address_of.pop(channel, None)) is not None:
            del self._of_address[address][channel]
            if not self._of_address[address]:
                del self._of_address[address]


class Factory(daphne.http_protocol.HTTPFactory):  # type: ignore[misc]  # daphne ships no types
    """Makes a Channel for each connection. Twisted's own factory would negotiate HTTP/2, which needs TLS."""

    protocol = Channel
    trusted = TrustedProxies()

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = HEADER_SECONDS
        self.unfinished = Unfinished(self.trusted)

    def log(self, request: Request) -> None:
        """Nothing: Twisted's line would show the whole address."""


_REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


def _envelope(status: int, message: str = "") -> bytes:
    # Not at the top: it needs Django's settings, and the event loop is installed before them.
    from chatbot.api.envelope import envelope, status_error

    return envelope(None, status=status, message=message or status_error(status).message).content
