"""All URLs of the server."""

from django.contrib import admin
from django.urls import path, re_path

from chatbot.api.routes import api, not_found
from chatbot.middleware import PREFIXES
from chatbot.web.views import ChatPage, ChatTexts

urlpatterns = [
    path("", ChatPage.as_view(), name="chat"),
    re_path(r"^chat/(?P<language>ko|en)\.json$", ChatTexts.as_view(), name="chat-texts"),
    path("admin/", admin.site.urls),
    path("", api.urls),
    re_path(f"^(?:{'|'.join(prefix.removeprefix('/') for prefix in PREFIXES)})", not_found),
]

handler400 = "chatbot.web.views.bad_request"
handler403 = "chatbot.web.views.forbidden"
handler404 = "chatbot.web.views.not_found"
