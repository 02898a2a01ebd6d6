"""daphne with bounded HTTP connections, and with errors in the API's envelope.

daphne itself reads a whole body of any size before it calls the application. A client that sends a byte now and then
keeps its connection for ever. A request that Twisted cannot parse gets an empty 400. Any client may set the site's root
path. Here headers, bodies, and the time to send them are bounded.

Import ``chatbot.server.daphne`` first: it installs the event loop.
"""

import asyncio
import logging
import re
from collections import defaultdict
from typing import Any

import daphne.http_protocol
from twisted.web import http

from chatbot.api.client import TrustedProxies, client_address
from chatbot.server.redaction import loggable_path

logger = logging.getLogger("leafresh.access")

HEADER_SECONDS = 10
"""The time limit for headers, from the first byte of a request. For the first request, from the connection."""

BODY_SECONDS = 30
"""The time limit for a body, from the end of the headers."""

UPLOAD_SECONDS = 120
"""The time limit for the body of an upload to the admin: ten megabytes over a slow connection."""

KEEP_ALIVE_SECONDS = 60
"""How long a connection may stay open without a request."""

MAX_BODY_BYTES = 256 * 1024
"""The maximum size of a body to the API. Normal ones have a few kilobytes."""

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
"""The maximum size of an upload to the admin. ``client_max_body_size`` of nginx in deploy/ has the same value."""

UPLOADS = b"/admin/"

MAX_UNFINISHED = 100
"""The maximum number of unfinished requests of one address. One more closes the oldest connection."""

GRACE_SECONDS = 2
"""A younger connection is not closed for MAX_UNFINISHED: many simultaneous connections may be normal."""

LINGER_SECONDS = 5
"""How long the server continues to read after it refused a request. Closing at once could lose the response."""

LINGER_BYTES = 16 * 1024 * 1024
"""How many bytes the server reads at most in that time."""

_NOT_ASCII = re.compile(rb"[\x80-\xff]")
"""Some clients do not percent-encode the UTF-8 of an address, such as ``curl``. Twisted and daphne would refuse it."""

_TOO_SLOW = "요청이 너무 느리게 왔습니다. 다시 시도해 주세요."
_TOO_MANY_HEADERS = "요청 헤더가 너무 많습니다. 500개 이하로 줄여 주세요."


class Request(daphne.http_protocol.WebRequest):  # type: ignore[misc]  # daphne ships no types
    """One HTTP request."""

    body_too_large = False
    max_body_bytes = MAX_BODY_BYTES

    def __init__(self, *args: Any, **options: Any) -> None:
        # Django parses forms. Twisted would also parse them, on the event loop.
        super().__init__(*args, **options, parsePOSTFormSubmission=False)

    def __repr__(self) -> str:
        """The text for daphne's log. Twisted's default would show the whole address."""
        return f"<{self.method.decode('ascii', 'replace')} {loggable_path(self.uri.decode('ascii', 'replace'))}>"

    def process(self) -> None:
        """Removes ``Daphne-Root-Path``, which daphne believes from any client. WebSockets pass here, too."""
        self.requestHeaders.removeHeader(b"Daphne-Root-Path")
        protocols = self.requestHeaders.getRawHeaders(b"Sec-WebSocket-Protocol", [])
        if all(value.isascii() for value in protocols):  # daphne decodes them as ASCII
            super().process()
            if self.transport is None:  # a WebSocket has it now, and nothing else would part the two
                self.channel.requests.clear()
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
        """Sends an error of daphne in the envelope instead of as HTML."""
        headers = [(b"Content-Type", b"application/json; charset=utf-8")]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": _envelope(status)})

    def handle_exception(self, exception: BaseException) -> None:
        """Sends an error response. After the first byte of a response it aborts the connection, so that the client
        notices.

        daphne would raise an error then, in a task that serves all requests, and so end that task.
        """
        if self._response_started:
            self.loseConnection()
        else:
            super().handle_exception(exception)


_TwistedChannel: Any = http.HTTPChannel  # its types are incomplete, and some are wrong


class Channel(_TwistedChannel):  # type: ignore[misc]  # see above
    """One HTTP connection. It carries one request after the other."""

    length: int | None
    _abortingCall: Any
    _begun = True  # whether a request has begun; the first one begins with the connection
    _received_any = False  # whether any byte of the request has arrived
    _refused = False  # whether the request was refused; later bytes are discarded
    _discarded = 0  # the number of discarded bytes

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
            self._received_any = True
        super().dataReceived(data)

    def _begin(self) -> None:
        self._begun = True
        self.setTimeout(HEADER_SECONDS)
        self.factory.unfinished.add(self)

    def resetTimeout(self) -> None:
        """Does nothing, so that received bytes do not extend the time limit."""

    def lineReceived(self, line: bytes) -> Any:
        if self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            return self._refuse(431)
        if self._HTTPChannel__first_line:  # Twisted's: the line has the address
            line = _NOT_ASCII.sub(lambda found: b"%%%02X" % ord(found[0]), line)
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
            request.requestHeaders.removeHeader(b"Expect")  # the error response replaces "100 Continue"
            self.length = 0  # the request is handled at once, without its body
            self._mark_too_large(request)
        super().allHeadersReceived()
        if self._refused:
            self.persistent = False
        elif self.length != 0:
            self.setTimeout(UPLOAD_SECONDS if is_upload else BODY_SECONDS)

    def refuse_body(self) -> None:
        """Handles the request without its body, when a body of unknown size has become too large."""
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
        self._begun = self._received_any = False
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
        if self._received_any:
            self._refuse(408, _TOO_SLOW)
        else:
            super().timeoutConnection()

    def connectionLost(self, reason: Any) -> None:
        self.factory.unfinished.remove(self)
        super().connectionLost(reason)

    def _respondToBadRequestAndDisconnect(self) -> None:
        self._refuse(400)

    def _refuse(self, status: int, message: str = "") -> None:
        """Sends an error for an incomplete request. The application does not get such a request."""
        if self._refused:
            return
        body = _envelope(status, message)
        head = (
            f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        logger.info("an incomplete request was refused: %d", status)
        self._refused = True
        self._buffer = b""  # drops lines that Twisted has not read
        self.setTimeout(None)
        self.factory.unfinished.remove(self)
        self.transport.write(head.encode() + body)
        self.loseConnection()

    def loseConnection(self) -> None:
        """Closes the connection. After a refusal, waits until the client closes it, at most LINGER_SECONDS."""
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
            if self._abortingCall is not None:  # the response was sent
                self.transport.loseConnection()
            else:
                self._networkProducer.pauseProducing()


class Unfinished:
    """The connections with an unfinished request, by client address."""

    def __init__(self, trusted: TrustedProxies) -> None:
        self._trusted = trusted
        self._of_address: defaultdict[str, dict[Channel, float]] = defaultdict(dict)
        self._address_of: dict[Channel, str] = {}

    def add(self, channel: Channel) -> None:
        """Counts the connection, except for proxies and Unix sockets: these carry the requests of all clients."""
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
    """Creates a Channel for each connection. Twisted's own factory would negotiate HTTP/2, which needs TLS."""

    protocol = Channel
    trusted = TrustedProxies()

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = HEADER_SECONDS
        self.unfinished = Unfinished(self.trusted)

    def log(self, request: Request) -> None:
        """Logs nothing: Twisted's line would show the whole address."""


_REASONS = {400: "Bad Request", 408: "Request Timeout", 431: "Request Header Fields Too Large"}


def _envelope(status: int, message: str = "") -> bytes:
    # Not at the top: the module needs Django's settings, and the event loop is installed before they are loaded.
    from chatbot.api.envelope import envelope, status_error

    return envelope(None, status=status, message=message or status_error(status).message).content
