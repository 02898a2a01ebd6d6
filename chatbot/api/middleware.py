"""Gives the envelope to answers that Django itself makes on the API's paths: unknown paths, methods, hosts."""

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chatbot.api.envelope import error_response, status_error
from chatbot.errors import ApplicationError

API_PREFIXES = ("/ai/", "/api/", "/health")


class EnvelopeMiddleware:
    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        if response.status_code < 400 or not request.path_info.startswith(API_PREFIXES):
            return response
        if response.get("Content-Type", "").startswith("application/json"):
            return response
        replaced = error_response(request, self._error(request, response.status_code))
        if "Allow" in response:
            replaced["Allow"] = response["Allow"]
        return replaced

    def _error(self, request: HttpRequest, status: int) -> ApplicationError:
        if status == 400 and not _host_is_allowed(request):
            return ApplicationError(
                400, "허용되지 않은 호스트입니다. 서버의 LEAFRESH_ALLOWED_HOSTS에 이 주소를 추가해 주세요."
            )
        return status_error(status)


def _host_is_allowed(request: HttpRequest) -> bool:
    from django.core.exceptions import DisallowedHost

    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True
