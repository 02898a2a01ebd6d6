"""The middleware of the API: it checks the host, and replaces Django's own error pages by the envelope."""

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chatbot.api.envelope import error_response, status_error
from chatbot.errors import BodyTooLarge, Busy, HostNotAllowed

PREFIXES = ("/ai/", "/api/", "/health", "/metrics")

PROBES = {"/health/live", "/health/ready", "/metrics"}
"""Monitoring systems request these paths at any address of the process, so their host is not checked. The responses
contain no host."""

WITHOUT_THREADS = {"/health/live", "/metrics"}
"""These paths are answered on the event loop, so they work while the threads are full."""


def is_api(request: HttpRequest) -> bool:
    """Whether the request is for the API, and not for a page or the admin."""
    return request.path_info.startswith(PREFIXES)


def refused_body(request: HttpRequest) -> int | None:
    """The maximum size in bytes, if the server refused the body because it is larger. None when it read the body."""
    limit: int | None = getattr(request, "scope", {}).get(BodyTooLarge.SCOPE_KEY)
    return limit


def is_busy(request: HttpRequest) -> bool:
    """Whether the threads for the request are full."""
    is_full: Callable[[], bool] | None = getattr(request, "scope", {}).get(Busy.SCOPE_KEY)
    return is_full is not None and is_full()


class ApiMiddleware:
    """Puts all responses of the API into the envelope, also for unknown paths and methods. Pages are not changed."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_api(request):
            return await self.get_response(request)
        try:
            if request.path_info not in PROBES:
                request.get_host()
        except DisallowedHost:
            response = error_response(request, HostNotAllowed())
        else:
            if refused_body(request):
                response = error_response(request, BodyTooLarge())
            elif is_busy(request) and request.path_info not in WITHOUT_THREADS:
                response = error_response(request, Busy())
            else:
                response = _in_envelope(request, await self.get_response(request))
        response["X-Content-Type-Options"] = "nosniff"
        return response


def _in_envelope(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """The response. An error page of Django becomes its status in the envelope."""
    if response.status_code < 400 or response.get("Content-Type", "").startswith("application/json"):
        return response
    replaced = error_response(request, status_error(response.status_code))
    if "Allow" in response:
        replaced["Allow"] = response["Allow"]
    return replaced
