"""The handshake of a WebSocket: whether the page may open it, and which client opens it.

A browser lets every page open a WebSocket to every server. So the server checks the origin of the page.
"""

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import ParseResult, urlparse

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.http.request import validate_host

from chatbot.api.client import proof_of
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.service import Request
from chatbot.sessions.ownership import Proof
from chatbot.sessions.store import session_key

_PORTS = {"http": 80, "https": 443}


def handshake_request(scope: Mapping[str, Any]) -> ASGIRequest:
    """The handshake as a Django request. Raises ValueError for a query that is not UTF-8."""
    return ASGIRequest({**scope, "method": "GET"}, BytesIO())


class Client:
    """The client of a connection: its session, and its proof that it owns the session.

    A proof in the handshake or in a message is valid for the rest of the connection. A client that began the session on
    this connection needs no proof, but that does not bind the session.
    """

    def __init__(self, scope: Mapping[str, Any], session_id: str) -> None:
        """``session_id`` is the rest of the path, "" for a new session. Raises MalformedSessionId."""
        self.session_id = session_key(session_id)
        self.request = handshake_request(scope)
        self.proof: Proof = proof_of(self.request)
        self._server_made = not session_id

    def show(self, token: str) -> None:
        """Remembers the session token of a message; "" means none."""
        if token:
            self.proof = replace(self.proof, token=token)

    def found_to_be(self, owner: str) -> None:
        """Remembers which owner the client proved to be; "" means none."""
        if owner:
            self.proof = replace(self.proof, established=owner)

    def asks(self, request: Request | None) -> Request:
        """The request with the client's proof added. For None, a request that can only resume an answer."""
        nothing = BaseInfoRequest(None, None, None, self.session_id)
        return replace(request or nothing, proof=self.proof, server_made=self._server_made)


class AllowedOriginValidator(OriginValidator):  # type: ignore[misc]  # channels ships no types
    """Refuses handshakes to hosts that are not allowed, and from pages of other origins.

    A page is allowed when it is from one of the allowed hosts at the handshake's port, or when CORS allows its origin.
    A client without an ``Origin`` header is not a browser and is allowed.
    """

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.CORS_ALLOWED_ORIGINS)
        # If every host is allowed, only a page of the handshake's own host counts as ours.
        self._hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        application = self.application if self._is_allowed(scope) else _refuse
        await application(scope, receive, send)

    def _is_allowed(self, scope: Any) -> bool:
        try:
            request = handshake_request(scope)
            host, _ = request.get_host(), request.GET  # both raise SuspiciousOperation
            origin = request.headers.get("Origin")
            if origin is None:
                return True
            page = urlparse(origin)
            return self._is_ours(page, urlparse(f"//{host}")) or bool(self.valid_origin(page))
        except (SuspiciousOperation, ValueError):  # the second: the origin or the query is malformed
            return False

    def _is_ours(self, page: ParseResult, asked: ParseResult) -> bool:
        """Whether the page is from our host and port. A missing port is the default port of the page's scheme.

        The server does not know its own scheme: a proxy may add HTTPS.
        """
        default = _PORTS.get(page.scheme)
        if default is None or not page.hostname or (page.port or default) != (asked.port or default):
            return False
        name = f"[{page.hostname}]" if ":" in page.hostname else page.hostname
        return page.hostname == asked.hostname or validate_host(name, self._hosts)


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    """Answers the handshake with 403. The class of Channels would use a thread and check the database connections."""
    await receive()
    await send({"type": "websocket.close"})
