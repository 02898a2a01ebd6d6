"""The API: all routes, the route of the options, and the error handler."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponse, HttpResponseBase
from ninja import NinjaAPI, Router, Swagger
from ninja.errors import HttpError, ValidationError

from challenges.catalog import Choice, options
from chatbot.api import documentation, generations, monitoring, recommendation, sessions
from chatbot.api.envelope import ObjectParser, as_application_error, envelope, error_response, status_error
from chatbot.api.schemas import Envelope, OptionsOut
from chatbot.errors import ApplicationError

_options = Router(tags=["options"])


@_options.get(
    "/options",
    summary="Locations, work types and categories, in order",
    response=Envelope[OptionsOut],
    operation_id="chatbot_api_options_read",
)
async def read_options(request: HttpRequest) -> HttpResponseBase:
    known = await sync_to_async(options.get)()
    kinds = {"locations": known.locations, "workTypes": known.work_types, "categories": known.categories}
    return envelope({name: [_option(choice) for choice in choices.values()] for name, choices in kinds.items()})


def _option(choice: Choice) -> dict[str, str]:
    return {"key": choice.key, "label": choice.label, "description": choice.description, "emoji": choice.emoji}


class _Api(NinjaAPI):
    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> documentation.Document:
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return documentation.Document(self, prefix)


api = _Api(
    title="Leafresh",
    version="1",
    description="Eco-friendly challenges, recommended while you watch. Everything is in the envelope "
    '`{"status", "message", "data"}`.',
    docs=Swagger(settings={"validatorUrl": None}),  # otherwise the page sends the document to another site
    docs_url="/api/docs",
    openapi_url="/api/openapi.json",
    urls_namespace="chatbot",
    parser=ObjectParser(),
)
api.add_router("/ai/chatbot/recommendation", recommendation.router, url_name_prefix="ai")
api.add_router("/api/chatbot/recommendation", recommendation.router, url_name_prefix="api")
api.add_router("/api/chatbot/generations", generations.router)
api.add_router("/api/chatbot/sessions", sessions.router)
api.add_router("/api/challenges", _options)
api.add_router("", monitoring.router)


def _respond(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    assert isinstance(error, Exception)
    return error_response(request, as_application_error(error))  # type: ignore[return-value]  # ninja passes on any response, also one that streams


for _kind in (ApplicationError, HttpError, ValidationError, Exception):
    api.add_exception_handler(_kind, _respond)


async def not_found(request: HttpRequest) -> HttpResponseBase:
    """Answers all other paths of the API. Django's own way to a 404 takes a thread, a template that is not there, and
    ten times as long."""
    return error_response(request, status_error(404))
