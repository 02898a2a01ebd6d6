"""The chat page, and the texts with which other sites embed the chat."""

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.html import json_script
from django.views import View

from chatbot.web import texts

LANGUAGE_SECONDS = 365 * 86_400
MODULES = tuple(
    f"chatbot/{name}.js"
    for name in ("composer", "leafresh-client", "markup", "picker", "talk", "replies", "turn", "card", "pace", "thumbs")
)
"""What the page's script imports: named on the page, so that the browser need not find out one after the other."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class ChatPage(View):
    """The page at ``/``. It knows the chat's texts and where the API is: the browser asks for the rest."""

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
    """Korean as Korean."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


def _in_language(language: str) -> HttpResponseBase:
    """Back to the page, in the language that was chosen and is remembered."""
    response = redirect("chat")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=LANGUAGE_SECONDS, samesite="Lax", httponly=True
    )
    response["Cache-Control"] = "no-store"
    return response


class ChatTexts(View):
    """What an embedded chat must know of this server, for pages of any origin."""

    async def get(self, request: HttpRequest, language: str) -> HttpResponse:
        with translation.override(language):
            response = JsonResponse(texts.setup(language), json_dumps_params={"ensure_ascii": False})
        response["Access-Control-Allow-Origin"] = "*"
        response["Cross-Origin-Resource-Policy"] = "cross-origin"
        response["Cache-Control"] = "public, max-age=600"
        return response
