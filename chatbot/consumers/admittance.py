"""Who may open a WebSocket: browsers hold no page back from it, so the server looks where the page came from."""

from typing import Any
from urllib.parse import urlparse

from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest


class KnownPages(OriginValidator):  # type: ignore[misc]  # channels ships no types
    """Refuses the handshake of pages that are neither of one of our hosts nor of an origin that CORS lets in, and of
    clients that ask for a host that is not ours. Who sends no ``Origin`` is no browser, and may."""

    def __init__(self, application: Any) -> None:
        super().__init__(application, [*settings.ALLOWED_HOSTS, *settings.CORS_ALLOWED_ORIGINS])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        application = self.application if self._may_enter(dict(scope["headers"])) else _refuse
        await application(scope, receive, send)

    def _may_enter(self, headers: dict[bytes, bytes]) -> bool:
        try:
            _check_host(headers)
            origin = headers.get(b"origin")
            return origin is None or bool(self.valid_origin(urlparse(origin.decode("latin-1"))))
        except (DisallowedHost, ValueError):  # the second: what is no origin at all
            return False


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    """The handshake is answered with 403. Channels' own way takes a thread and looks at the database's handles."""
    await receive()
    await send({"type": "websocket.close"})


def _check_host(headers: dict[bytes, bytes]) -> None:
    """Raises DisallowedHost as Django does for a request over HTTP."""
    request = HttpRequest()
    names = {b"host": "HTTP_HOST", b"x-forwarded-host": "HTTP_X_FORWARDED_HOST"}
    request.META = {names[name]: value.decode("latin-1") for name, value in headers.items() if name in names}
    request.META.update(SERVER_NAME="", SERVER_PORT="0")
    request.get_host()
