"""Who may open a WebSocket: browsers hold no page back from it, so the server looks where the page came from."""

from typing import Any
from urllib.parse import ParseResult, urlparse

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.request import validate_host


class AllowedOriginValidator(OriginValidator):  # type: ignore[misc]  # channels ships no types
    """Refuses the handshake of pages that are neither of one of our hosts, at the port that they ask for, nor of an
    origin that CORS lets in; and of clients that ask for a host that is not ours. Who sends no ``Origin`` is no
    browser, and may."""

    def __init__(self, application: Any) -> None:
        super().__init__(application, settings.CORS_ALLOWED_ORIGINS)
        # Where every host is allowed, only the page of the host that is asked for is ours.
        self._hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        application = self.application if self._may_enter(dict(scope["headers"])) else _refuse
        await application(scope, receive, send)

    def _may_enter(self, headers: dict[bytes, bytes]) -> bool:
        try:
            host = _host(headers)
            if (origin := headers.get(b"origin")) is None:
                return True
            page = urlparse(origin.decode("latin-1"))
            return self._is_ours(page, urlparse(f"//{host}")) or bool(self.valid_origin(page))
        except (DisallowedHost, ValueError):  # the second: what is no origin at all
            return False

    def _is_ours(self, page: ParseResult, asked: ParseResult) -> bool:
        """A port that is not named is the one of the page's scheme: a proxy may speak HTTPS, so ours is not known."""
        default = _PORTS.get(page.scheme)
        if default is None or not page.hostname or (page.port or default) != (asked.port or default):
            return False
        name = f"[{page.hostname}]" if ":" in page.hostname else page.hostname
        return page.hostname == asked.hostname or validate_host(name, self._hosts)


_PORTS = {"http": 80, "https": 443}


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    """The handshake is answered with 403. Channels' own way takes a thread and looks at the database's handles."""
    await receive()
    await send({"type": "websocket.close"})


def _host(headers: dict[bytes, bytes]) -> str:
    """The host that is asked for, with its port. Raises DisallowedHost as Django does for a request over HTTP."""
    request = HttpRequest()
    names = {b"host": "HTTP_HOST", b"x-forwarded-host": "HTTP_X_FORWARDED_HOST"}
    request.META = {names[name]: value.decode("latin-1") for name, value in headers.items() if name in names}
    request.META.update(SERVER_NAME="", SERVER_PORT="0")
    return request.get_host()
