"""daphne's HTTP connections as we run them: bounded in size and time, and answered in the envelope.

daphne reads a whole body before it calls the application, however large; a client that sends a byte now and then holds
its connection without end; what Twisted cannot read gets a bare 400; and any client may say where the site begins. Here
a client has a bound for its headers, its body, and the time it takes to send them. Import
``chatbot.server.daphne``, which installs the event loop first.
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
"""From a request's first byte to the end of its headers; of the first one, from the connection on."""

BODY_SECONDS = 30
"""From the end of the headers to the end of the body."""

UPLOAD_SECONDS = 120
"""The same for files that an editor sends to the admin: ten megabytes by a slow line."""

KEEP_ALIVE_SECONDS = 60
"""How long a connection may stay open without a request."""

MAX_BODY_BYTES = 256 * 1024
"""Of a request to the API. The longest that makes sense has a few kilobytes."""

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
"""Of a request to the admin, which takes files; nginx's ``client_max_body_size`` in deploy/ is the same."""

UPLOADS = b"/admin/"

MAX_UNFINISHED = 100
"""Requests of one address whose headers or bodies are still to come. One more closes the oldest."""

GRACE_SECONDS = 2
"""No connection is closed for that within its first seconds: many that come at once are no attack."""

LINGER_SECONDS = 5
"""How long what a refused client still sends is read: closing at once could lose the answer on its way."""

LINGER_BYTES = 16 * 1024 * 1024
"""The same, in bytes."""

_TOO_SLOW = "요청이 너무 느리게 왔습니다. 다시 시도해 주세요."
_TOO_MANY_HEADERS = "요청 헤더가 너무 많습니다. 500개 이하로 줄여 주세요."


def most_bytes(path: bytes) -> int:
    return MAX_UPLOAD_BYTES if path.startswith(UPLOADS) else MAX_BODY_BYTES


class Request(daphne.http_protocol.WebRequest):  # type: ignore[misc]  # daphne ships no types
    """One HTTP request."""

    body_too_large = False
    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, *args: Any, **options: Any) -> None:
        # Django reads forms. Twisted would read them too, whole and on the event loop.
        super().__init__(*args, **options, parsePOSTFormSubmission=False)

    def __repr__(self) -> str:
        """daphne logs it; Twisted's has the whole address."""
        return f"<{self.method.decode('ascii', 'replace')} {loggable_path(self.uri.decode('ascii', 'replace'))}>"

    def process(self) -> None:
        """daphne believes ``Daphne-Root-Path`` from anybody, also for WebSockets, which pass here."""
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
        """What daphne itself answers, in the envelope instead of its HTML."""
        headers = [(b"Content-Type", b"application/json; charset=utf-8")]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": _envelope(status)})

    def handle_exception(self, exception: BaseException) -> None:
        """An error where there may be one; after the first byte the connection is all that can be ended, and the
        client sees that something is missing. daphne's own way raises there, in what looks after all requests, which
        then looks after none any more."""
        if self._response_started:
            self.loseConnection()
        else:
            super().handle_exception(exception)


_TwistedChannel: Any = http.HTTPChannel  # its types are half there, and some are wrong


class Channel(_TwistedChannel):  # type: ignore[misc]  # see above
    """One connection, which sends requests one after the other."""

    length: int | None
    _abortingCall: Any
    _begun = True  # the first request begins with the connection
    _heard = False  # whether anything of the request came
    _refused = False  # an answer is on its way or out; what still comes is thrown away
    _thrown_away = 0

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.unfinished.add(self)

    def dataReceived(self, data: bytes) -> None:
        if self._refused:
            self._throw_away(data)
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
        """What comes in time does not buy more time."""

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
        request.max_body_bytes = most_bytes(self._path)
        if self.length is not None and self.length > request.max_body_bytes:
            request.requestHeaders.removeHeader(b"Expect")  # what is asked there has its answer
            self.length = 0  # it is handled at once
            self._mark_too_large(request)
        super().allHeadersReceived()
        if self._refused:
            self.persistent = False
        elif self.length != 0:
            self.setTimeout(UPLOAD_SECONDS if self._path.startswith(UPLOADS) else BODY_SECONDS)

    def refuse_body(self) -> None:
        """In the middle of a body of unknown size: the request is handled without it."""
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
            self._throw_away(data)
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
        """Answers what cannot be handed to the application: it is not whole."""
        if self._refused:
            return
        body = _envelope(status, message)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        logger.info("a request that was not whole: %d", status)
        self._refused = True
        self._buffer = b""  # Twisted's, of lines that were not looked at
        self.setTimeout(None)
        self.factory.unfinished.remove(self)
        self.transport.write(head.encode() + body)
        self.loseConnection()

    def loseConnection(self) -> None:
        """After a refusal, the connection is closed for good when the client has ended it, or after a while."""
        if not self._refused:
            super().loseConnection()
            return
        self._networkProducer.unregisterProducer()
        self.transport.loseWriteConnection()
        self._networkProducer.resumeProducing()
        if self._abortingCall is None:
            self._abortingCall = self.callLater(LINGER_SECONDS, self.forceAbortClient)

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > LINGER_BYTES:
            if self._abortingCall is not None:  # the answer is out
                self.transport.loseConnection()
            else:
                self._networkProducer.pauseProducing()


class Unfinished:
    """The connections that wait for the rest of a request, by the address that they came from."""

    def __init__(self, trusted: TrustedProxies) -> None:
        self._trusted = trusted
        self._of_address: defaultdict[str, dict[Channel, float]] = defaultdict(dict)
        self._address_of: dict[Channel, str] = {}

    def add(self, channel: Channel) -> None:
        """Proxies are not counted: all people come from their addresses. Nor is who comes by a Unix socket."""
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
    """Makes a Channel of each connection. Twisted's own stands behind a proxy that chooses HTTP/2, which needs TLS."""

    protocol = Channel
    trusted = TrustedProxies()

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = HEADER_SECONDS
        self.unfinished = Unfinished(self.trusted)

    def log(self, request: Request) -> None:
        """Twisted would write a line that nothing reads, with the whole address."""


_REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


def _envelope(status: int, message: str = "") -> bytes:
    from chatbot.api.envelope import envelope, status_error  # here: it needs Django's settings

    return envelope(None, status=status, message=message or status_error(status).message).content
