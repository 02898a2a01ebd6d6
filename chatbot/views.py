"""The chat page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View


class ChatPage(View):
    """The page at ``/``. It knows nothing but where the API is: the browser asks for the rest."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        return render(request, "chatbot/page.html")
