"""Django's middleware for pages and the admin alone.

Each of these runs its hooks in a thread, one hop after the other, whether a request needs it or not; the API needs none
of them (no cookies, no language, no CSRF), and a stream's first token should not wait for a dozen hops.
``chatbot.api.middleware`` does for the API what must be done.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from asgiref.sync import markcoroutinefunction, sync_to_async
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import clickjacking, common, csrf, locale, security
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from chatbot.api.client_address import TrustedProxies
from chatbot.api.middleware import is_api, is_busy, refused_body
from chatbot.web import outage

if TYPE_CHECKING:
    _Base = MiddlewareMixin
else:
    _Base = object


class PagesOnly(_Base):
    """Put before a middleware of Django: the API passes it by, in a synchronous chain (of Django's test client) too."""

    def __call__(self, request: HttpRequest) -> Any:
        if not self.async_mode and is_api(request):
            return self.get_response(request)
        return super().__call__(request)

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request):
            response: Any = await self.get_response(request)  # type: ignore[misc]  # asynchronous here
        else:
            response = await super().__acall__(request)
        passed: HttpResponseBase = response
        return passed


class SchemeMiddleware:
    """Forgets ``X-Forwarded-Proto`` from whoever is no trusted proxy. Before all others that ask for the scheme.

    Django believes everybody: who reaches a process directly could otherwise say that a plain connection is secure.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        if not settings.LEAFRESH_HTTPS:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self._trusted = TrustedProxies.parse(settings.LEAFRESH_TRUSTED_PROXIES)
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self._trusted.includes(request.META.get("REMOTE_ADDR")):
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        return await self.get_response(request)


class BusyMiddleware:
    """Refuses a page whose threads have more to do than may wait for them. Before all that use those threads."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request) or not is_busy(request):
            return await self.get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            return outage.unavailable(request)


class SecurityMiddleware(PagesOnly, security.SecurityMiddleware):
    pass


class SessionMiddleware(PagesOnly, sessions.SessionMiddleware):
    pass


class LocaleMiddleware(PagesOnly, locale.LocaleMiddleware):
    pass


_COMMON_POLICY = "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"

ADMIN_POLICY = (
    # Alpine, with which the admin's library is made, evaluates what its templates say ('unsafe-eval'), and templates of
    # it and of Django have style attributes. No page has a script within it: no nonce is needed.
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    f"{_COMMON_POLICY}"
)

DOCUMENTATION_POLICY = (  # Swagger UI sets styles, and has its pictures within
    f"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; {_COMMON_POLICY}"
)


class PolicyMiddleware:
    """What a page may load and do, and that no other may frame it, unless its view has said so itself: the chat page
    has a stricter policy of its own. For the API's documentation too, which the other middleware pass by."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html") and not _is_error_page(response):
            policy = DOCUMENTATION_POLICY if is_api(request) else ADMIN_POLICY
            response.headers.setdefault("Content-Security-Policy", policy)
            response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        return response


def _is_error_page(response: HttpResponseBase) -> bool:
    """Whether it may be one of Django's for developers, which have scripts within."""
    return settings.DEBUG and response.status_code in {404, 500}


class LoginMiddleware:
    """Gives the page of a login that was refused without a look (``leafresh.logins``) its status and a time."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = await self.get_response(request)
        if getattr(request, "axes_locked_out", False):
            response.status_code = 429
            response["Retry-After"] = str(getattr(request, "login_waits", 1))
        return response


class BodyMiddleware:
    """Says of a body that the server did not take how large it may be. After the language is known."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        limit = refused_body(request)
        if limit is None:
            return await self.get_response(request)
        message = _("What was sent is too large. At most %(size)s are taken.") % {"size": filesizeformat(limit)}
        response = render(request, "chatbot/unavailable.html", {"message": message}, status=413)
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django's mark: said once is enough
        return response


class CommonMiddleware(PagesOnly, common.CommonMiddleware):
    pass


class CsrfViewMiddleware(PagesOnly, csrf.CsrfViewMiddleware):
    async def process_view(  # type: ignore[override]  # Django awaits it in an asynchronous chain
        self, request: HttpRequest, callback: Any, callback_args: Any, callback_kwargs: Any
    ) -> Any:
        if is_api(request):
            return None
        return await sync_to_async(super().process_view)(request, callback, callback_args, callback_kwargs)


class AuthenticationMiddleware(PagesOnly, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    pass


class XFrameOptionsMiddleware(PagesOnly, clickjacking.XFrameOptionsMiddleware):
    pass


class OutageMiddleware(PagesOnly, MiddlewareMixin):
    """A page that needs the database while it is gone is answered with 503 and a time to come back."""

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        return None if is_api(request) else outage.page(request, error)
