"""Middleware of pages and the admin, which requests to the API bypass.

Django's middleware runs its hooks in a thread, one after the other, whether a request needs them or not. The API needs
none of them (cookies, languages, CSRF), and a stream's first token should not wait for a dozen hops between threads.
``chatbot.api.middleware`` does what the API needs.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.middleware import clickjacking, common, csrf, locale, security
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from django.utils.decorators import async_only_middleware
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _
from whitenoise.middleware import WhiteNoiseMiddleware

from chatbot.api.client_address import TrustedProxies
from chatbot.api.middleware import is_api, is_busy, refused_body
from chatbot.web.views import outage_page, unavailable

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_COMMON_POLICY = "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

ADMIN_POLICY = (
    # The admin's library is made with Alpine, which evaluates expressions in templates ('unsafe-eval'). Templates of
    # the library and of Django have style attributes. No page has an inline script, so no nonce is needed.
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"{_COMMON_POLICY}"
)

DOCUMENTATION_POLICY = (  # Swagger UI sets styles and has inline pictures
    f"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; {_COMMON_POLICY}"
)


class PagesOnly(MiddlewareMixin):
    """Stands before a middleware of Django, which requests to the API bypass.

    Django's test client has a synchronous chain, where they do too.
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
    """Answers a page with 503 and ``Retry-After`` when its view needs the database and the database is gone."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        return None if is_api(request) else outage_page(request, error)


@async_only_middleware
def scheme_middleware(get_response: GetResponse) -> GetResponse:
    """Ignores ``X-Forwarded-Proto`` unless a trusted proxy sent it. Stands before all that ask for the scheme.

    Django believes every peer: a client that reaches a process directly could call a plain connection secure.
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
    """Refuses a page whose threads are full (``chatbot.server.threads``). Stands before all that use those threads."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if is_api(request) or not is_busy(request):
            return await get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            return unavailable(request)

    return middleware


@async_only_middleware
def static_files_middleware(get_response: GetResponse) -> GetResponse:
    """Serves static files with WhiteNoise, whose own middleware would hold a thread while any view runs."""
    whitenoise = WhiteNoiseMiddleware()
    find = whitenoise.find_file if whitenoise.autorefresh else whitenoise.files.get

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        is_static = request.path_info.startswith(whitenoise.static_prefix)
        file = await sync_to_async(find)(request.path_info) if is_static else None
        if file is None:
            return await get_response(request)
        response: HttpResponseBase = await sync_to_async(whitenoise.serve)(file, request)
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
    """Says what a page may load and do, and that no other page may frame it, unless the page's view has said so.

    The API's documentation is a page, too, although the other middleware leaves it alone.
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
    """Whether it may be one of Django's error pages for developers, which have inline scripts."""
    return settings.DEBUG and response.status_code in {404, 500}


@async_only_middleware
def login_middleware(get_response: GetResponse) -> GetResponse:
    """Gives the page of a refused login (``leafresh.login_throttling``) its status and ``Retry-After``."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if getattr(request, "axes_locked_out", False):
            response.status_code = 429
            response["Retry-After"] = str(getattr(request, "login_wait_seconds", 1))
        return response

    return middleware


@async_only_middleware
def body_middleware(get_response: GetResponse) -> GetResponse:
    """Answers a body that the server refused with the allowed size, in the language that LocaleMiddleware found."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        limit = refused_body(request)
        if limit is None:
            return await get_response(request)
        message = _("What was sent is too large. At most %(size)s are taken.") % {"size": filesizeformat(limit)}
        response = render(request, "chatbot/unavailable.html", {"message": message}, status=413)
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django's mark: one line is enough
        return response

    return middleware
