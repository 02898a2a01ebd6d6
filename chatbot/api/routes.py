"""The API: every route, and the handler of every error."""

from django.http import HttpRequest
from django.http.response import HttpResponse
from ninja import NinjaAPI, Swagger
from ninja.errors import HttpError, ValidationError

from chatbot.api import generations, health, metrics, options, recommendation, sessions
from chatbot.api.envelope import ObjectParser, as_application_error, error_response
from chatbot.errors import ApplicationError

api = NinjaAPI(
    title="Leafresh",
    version="1",
    description="Eco-friendly challenges, recommended while you watch. Everything is in the envelope "
    '`{"status", "message", "data"}`.',
    docs=Swagger(settings={"validatorUrl": None}),  # else it asks another site what it thinks of ours
    docs_url="/api/docs",
    openapi_url="/api/openapi.json",
    urls_namespace="chatbot",
    parser=ObjectParser(),
)
api.add_router("/ai/chatbot/recommendation", recommendation.router, url_name_prefix="ai")
api.add_router("/api/chatbot/recommendation", recommendation.router, url_name_prefix="api")
api.add_router("/api/chatbot/generations", generations.router)
api.add_router("/api/chatbot/sessions", sessions.router)
api.add_router("/api/challenges", options.router)
api.add_router("", health.router)
api.add_router("", metrics.router)


def _respond(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    assert isinstance(error, Exception)
    return error_response(request, as_application_error(error))  # type: ignore[return-value]  # ninja passes on any response, also one that streams


for _kind in (ApplicationError, HttpError, ValidationError, Exception):
    api.add_exception_handler(_kind, _respond)
