"""The middleware of the API, and the middleware of pages and the admin.

Django runs the hooks of its middleware in a thread, one after the other. The API needs none of them (cookies,
languages, CSRF), and the first token of a stream should not wait for a dozen changes of threads. So requests to the API
bypass them. ``ApiMiddleware`` is the middleware for the API.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import DisallowedHost, MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.middleware import clickjacking, common, csrf, locale, security
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import translation
from django.utils.decorators import async_only_middleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from whitenoise.middleware import WhiteNoiseMiddleware

from chatbot.api.client import TrustedProxies
from chatbot.api.envelope import counted, error_response, status_error
from chatbot.errors import BodyTooLarge, Busy, HostNotAllowed
from chatbot.web.views import outage_page, signed_out, unavailable

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

PREFIXES = ("/ai/", "/api/", "/health", "/metrics")

STREAMS = ("/ai/", "/api/chatbot/recommendation/")
"""A HEAD request for these would begin an answer."""

PROBES = {"/health/live", "/health/ready", "/metrics"}
"""Monitoring systems request these paths at any address of the process, so their host is not checked. The responses
contain no host."""

WITHOUT_THREADS = {"/health/live", "/metrics"}
"""These paths are answered on the event loop, so they work while the threads are full."""

_COMMON_POLICY = "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

ADMIN_POLICY = (
    # The admin's library uses Alpine, which evaluates expressions in templates ('unsafe-eval'). Templates of the
    # library and of Django have style attributes. No page has an inline script, so no nonce is needed.
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"{_COMMON_POLICY}"
)

DOCUMENTATION_POLICY = (  # Swagger UI uses inline styles and pictures
    f"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; {_COMMON_POLICY}"
)


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
            response = error_response(request, counted(HostNotAllowed()))
        else:
            if refused_body(request):
                response = error_response(request, counted(BodyTooLarge()))
            elif is_busy(request) and request.path_info not in WITHOUT_THREADS:
                response = error_response(request, counted(Busy()))
            else:
                if request.method == "HEAD" and not request.path_info.startswith(STREAMS):
                    request.method = "GET"  # the server leaves the body out
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


class CrossOriginMiddleware:
    """Logs once which page a browser keeps from the API, and which setting lets it in. The page learns neither.

    Stands before ``CorsMiddleware``, which answers preflights itself.
    """

    async_capable = True
    sync_capable = False

    MOST_LOGGED = 100
    """Any client can invent origins and names of headers."""

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self._logged: set[str] = set()
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        if "Origin" in request.headers and is_api(request):
            for line in _refusals(request, response):
                if line not in self._logged and len(self._logged) < self.MOST_LOGGED:
                    self._logged.add(line)
                    logger.warning(line)
        return response


def _refusals(request: HttpRequest, response: HttpResponseBase) -> Iterator[str]:
    """Why a browser keeps the page from what it asked for."""
    origin = request.headers["Origin"]
    is_own = origin.partition("://")[2] == request.META.get("HTTP_HOST")
    if is_own or request.headers.get("Sec-Fetch-Site") == "same-origin":
        return
    page = ascii(origin[:200])
    if "Access-Control-Allow-Origin" not in response:
        yield f"A page of {page} was kept from the API: LEAFRESH_CORS_ORIGINS does not list its origin."
        return
    asked = _names(request.headers.get("Access-Control-Request-Headers", ""))
    for name in asked - _names(response.get("Access-Control-Allow-Headers", "")):
        yield f"A page of {page} may not send the header {name[:100]!a}: LEAFRESH_CORS_HEADERS does not list it."


def _names(headers: str) -> set[str]:
    return {name.strip().lower() for name in headers.split(",") if name.strip()}


class PagesOnly(MiddlewareMixin):
    """A base class that lets requests to the API bypass a middleware of Django.

    It works in the asynchronous chain of the server and in the synchronous chain of Django's test client.
    """

    def __call__(self, request: HttpRequest) -> Any:
        if not self.async_mode and is_api(request):
            return self.get_response(request)
        return super().__call__(request)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        response: Any = self.get_response(request) if is_api(request) else super().__acall__(request)
        passed: HttpResponseBase = await response
        return passed


def _pages_only(middleware: type[MiddlewareMixin]) -> type[MiddlewareMixin]:
    return type(middleware.__name__, (PagesOnly, middleware), {})


AuthenticationMiddleware = _pages_only(auth.AuthenticationMiddleware)
CommonMiddleware = _pages_only(common.CommonMiddleware)
LocaleMiddleware = _pages_only(locale.LocaleMiddleware)
MessageMiddleware = _pages_only(messages.MessageMiddleware)
SecurityMiddleware = _pages_only(security.SecurityMiddleware)
SessionMiddleware = _pages_only(sessions.SessionMiddleware)
XFrameOptionsMiddleware = _pages_only(clickjacking.XFrameOptionsMiddleware)


class CsrfViewMiddleware(PagesOnly, csrf.CsrfViewMiddleware):
    async def process_view(  # type: ignore[override]  # Django awaits it in an asynchronous chain
        self, request: HttpRequest, callback: Any, callback_args: Any, callback_kwargs: Any
    ) -> Any:
        if is_api(request):
            return None
        return await sync_to_async(super().process_view)(request, callback, callback_args, callback_kwargs)


class OutageMiddleware(PagesOnly):
    """Answers a page with 503 and ``Retry-After`` when the database does not answer."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        return None if is_api(request) else outage_page(request, error)


@async_only_middleware
def scheme_middleware(get_response: GetResponse) -> GetResponse:
    """Removes ``X-Forwarded-Proto`` unless a trusted proxy sent it. It must run before any use of the scheme.

    Django trusts the header from every peer: a client that connects directly could claim that it uses HTTPS.
    """
    if not settings.LEAFRESH_HTTPS:
        raise MiddlewareNotUsed
    trusted = TrustedProxies.parse(settings.LEAFRESH_TRUSTED_PROXIES)

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if not trusted.includes(request.META.get("REMOTE_ADDR")):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return await get_response(request)

    return middleware


@async_only_middleware
def busy_middleware(get_response: GetResponse) -> GetResponse:
    """Refuses a page while its threads are full (``chatbot.server.threads``). It must run before any use of them."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_api(request) or not is_busy(request):
            return await get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            return unavailable(request)

    return middleware


@async_only_middleware
def static_files_middleware(get_response: GetResponse) -> GetResponse:
    """Serves static files with WhiteNoise. The middleware of WhiteNoise would block a thread while a view runs."""
    whitenoise = WhiteNoiseMiddleware()
    find = whitenoise.find_file if whitenoise.autorefresh else whitenoise.files.get

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        is_static = request.path_info.startswith(whitenoise.static_prefix)
        file = await sync_to_async(find)(request.path_info) if is_static else None
        if file is None:
            return await get_response(request)
        response: HttpResponseBase = await sync_to_async(whitenoise.serve)(file, request)
        # Any page may use the files, also an isolated one (``Cross-Origin-Embedder-Policy: require-corp``).
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        if isinstance(response, StreamingHttpResponse):
            response.streaming_content = _read_in_thread(iter(response))
        return response

    return middleware


async def _read_in_thread(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    read = sync_to_async(partial(next, chunks, b""))
    while chunk := await read():
        yield chunk


@async_only_middleware
def policy_middleware(get_response: GetResponse) -> GetResponse:
    """Adds the content security policy of a page, and forbids frames, unless the view has set these headers.

    The API's documentation is such a page too, although it bypasses the other middleware.
    """

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if response.get("Content-Type", "").startswith("text/html") and not _is_error_page(response):
            policy = DOCUMENTATION_POLICY if is_api(request) else ADMIN_POLICY
            response.headers.setdefault("Content-Security-Policy", policy)
            response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        return response

    return middleware


def _is_error_page(response: HttpResponseBase) -> bool:
    """Whether the response may be an error page for developers. These pages of Django have inline scripts."""
    return settings.DEBUG and response.status_code in {404, 500}


@async_only_middleware
def login_middleware(get_response: GetResponse) -> GetResponse:
    """Sets 429 and ``Retry-After`` on the page of a refused login (``leafresh.login_throttling``). A form that was sent
    after its session had ended is kept."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if getattr(request, "axes_locked_out", False):
            response.status_code = 429
            response["Retry-After"] = str(getattr(request, "login_wait_seconds", 1))
        return signed_out(request) if _lost_its_session(request, response) else response

    return middleware


def _lost_its_session(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether the response leads from a form of the admin to the login page."""
    if request.method != "POST" or response.status_code != 302:
        return False
    leads_to_login = response.get("Location", "").startswith(f"{reverse('admin:login')}?")
    return leads_to_login and bool({"_save", "_continue", "_addanother"} & set(request.POST))


@async_only_middleware
def body_middleware(get_response: GetResponse) -> GetResponse:
    """Answers a request whose body is too large with a page that names the limit, in the language of the request."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        limit = refused_body(request)
        if limit is None:
            return await get_response(request)
        message = _("The request is too large. The limit is %(size)s.") % {"size": filesizeformat(limit)}
        response = render(request, "chatbot/unavailable.html", {"message": message}, status=413)
        response._has_been_logged = True  # type: ignore[attr-defined]  # tells Django not to log it again
        return response

    return middleware
