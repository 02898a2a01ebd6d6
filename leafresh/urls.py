"""All addresses of the server."""

from django.contrib import admin
from django.urls import path

from chatbot.api.routes import api
from chatbot.views import ChatPage

urlpatterns = [
    path("", ChatPage.as_view(), name="chat"),
    path("admin/", admin.site.urls),
    path("", api.urls),
]
