"""The chat page, the texts for embedded chats, and the page for an outage of the database."""

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.html import json_script
from django.utils.translation import gettext as _
from django.views import View

from chatbot.db.errors import may_pass
from chatbot.errors import ServiceUnavailable
from chatbot.web import texts

logger = logging.getLogger(__name__)

CSRF_FIELD = "csrfmiddlewaretoken"
LANGUAGE_SECONDS = 365 * 86_400
MODULES = tuple(
    f"chatbot/{name}.js"
    for name in ("composer", "leafresh-client", "markup", "picker", "talk", "replies", "turn", "card", "pace", "thumbs")
)
"""The imports of the script. The page lists them, so that the browser loads all of them at once."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class ChatPage(View):
    """The page at ``/``. It contains the chat's texts. The browser requests all other data from the API."""

    async def get(self, request: HttpRequest) -> HttpResponseBase:
        chosen = request.GET.get("language", "")
        if chosen in dict(settings.LANGUAGES):
            return _in_language(chosen)
        setup = texts.setup(translation.get_language())
        context = {"setup": setup, "setup_json": json_script(setup, encoder=_Readable), "modules": MODULES}
        response = render(request, "chatbot/page.html", context)
        response["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ["Cookie"])
        return response


class _Readable(DjangoJSONEncoder):
    """A JSON encoder that does not escape Korean."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


def _in_language(language: str) -> HttpResponseBase:
    """Stores the chosen language, and redirects to the page."""
    response = redirect("chat")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=LANGUAGE_SECONDS, samesite="Lax", httponly=True
    )
    response["Cache-Control"] = "no-store"
    return response


class ChatTexts(View):
    """The texts and settings of an embedded chat, for pages of any origin."""

    async def get(self, request: HttpRequest, language: str) -> HttpResponse:
        with translation.override(language):
            response = JsonResponse(texts.setup(language), json_dumps_params={"ensure_ascii": False})
        response["Access-Control-Allow-Origin"] = "*"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        response["Cache-Control"] = "public, max-age=600"
        return response


def outage_message() -> str:
    """The message for an outage in the person's language."""
    return _("The service is not available at the moment. Please try again shortly.")


def outage_page(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The page for a temporary database error; None for other errors."""
    if not may_pass(error):
        return None
    logger.error("the database does not answer: %s", type(error).__name__)
    return unavailable(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """A response with 503 and ``Retry-After`` instead of a page. The browser repeats a GET itself."""
    seconds = ServiceUnavailable().retry_after
    context = {"message": outage_message(), "seconds": seconds if request.method == "GET" else None}
    response = render(request, "chatbot/unavailable.html", context, status=503)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]  # tells Django not to log it again
    return response


def error_page(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """A sentence in place of a page that cannot be shown."""
    return render(request, "chatbot/unavailable.html", {"message": message}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler400``."""
    if isinstance(exception, RequestDataTooBig):
        words = _("That is too much text to be sent. Go back: what you typed is still there. Shorten it.")
        return error_page(request, 413, words)
    if isinstance(exception, TooManyFieldsSent):
        words = _("That is too much at once. Go back and select fewer rows.")
        return error_page(request, 400, words)
    return error_page(request, 400, _("The server cannot read this request. Go back and load the page again."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler403``."""
    words = _(
        "You do not have the right to do this; it may have been taken away. Nothing was saved: go back to copy it."
    )
    return error_page(request, 403, words)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's ``handler404``."""
    return error_page(request, 404, _("There is no such page. It may have been deleted."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's ``CSRF_FAILURE_VIEW``: above all for a page that was open while the person signed in again."""
    words = _("This page is too old: you signed in again since. Go back, copy what you typed, and load the page again.")
    return error_page(request, 403, words)


def signed_out(request: HttpRequest) -> HttpResponse:
    """In place of the login page, for a form that was sent after the session had ended: it keeps what was typed.

    The person signs in in another window, and sends the form from here. Passwords are not kept: the form asks for
    them again.
    """
    kept = [(name, values) for name, values in request.POST.lists() if not _is_secret(name)]
    fields = [(name, value) for name, values in kept for value in values]
    context = {"fields": fields, "login": reverse("admin:login"), "address": request.get_full_path()}
    response = render(request, "chatbot/signed_out.html", context, status=401)
    response["Cache-Control"] = "no-store"
    return response


def _is_secret(name: str) -> bool:
    """Whether a field of a form must not be written into a page."""
    return name == CSRF_FIELD or "password" in name.lower()
