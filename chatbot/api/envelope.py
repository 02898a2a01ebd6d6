"""The envelope ``{"status", "message", "data"}`` of every JSON response, also for errors."""

import logging
from collections.abc import Mapping
from contextlib import suppress

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.types import DictStrAny

from chatbot.errors import ApplicationError, FieldsNotText, ServiceUnavailable
from chatbot.events.subscription import single_event_response
from chatbot.events.types import Failed, encode, encode_event
from chatbot.runtime import runtime

logger = logging.getLogger(__name__)

STATUS_MESSAGES: Mapping[int, str] = {
    400: "요청을 이해할 수 없습니다.",
    403: "허용되지 않은 요청입니다.",
    404: "요청한 주소를 찾을 수 없습니다.",
    405: "이 주소에서 지원하지 않는 메서드입니다.",
    413: "요청 본문이 너무 큽니다.",
    431: "요청 주소나 헤더가 너무 깁니다. 16킬로바이트 이하로 줄여 주세요.",
    500: "서버에서 문제가 생겼습니다. 잠시 후 다시 시도해 주세요.",
}


class NotAnObject(ValueError):
    """The body is JSON, but not an object."""

    message = "요청 본문은 JSON 객체여야 합니다."


class ObjectParser(Parser):
    """The parser of request bodies for ninja. It accepts only JSON objects."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        body = super().parse_body(request)
        if not isinstance(body, dict):
            raise NotAnObject
        return body


def envelope(data: object, *, status: int = 200, message: str = "성공") -> HttpResponse:
    """A JSON response in the envelope."""
    body = encode({"status": status, "message": message, "data": data})
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def wants_events(request: HttpRequest) -> bool:
    """Whether the client accepts an event stream. Such a client cannot read the body of an error response."""
    return "text/event-stream" in request.headers.get("Accept", "").lower()


def error_response(request: HttpRequest, error: ApplicationError) -> HttpResponseBase:
    """The error as an ``error`` event with HTTP 200 for an event stream, else as JSON with the error's status."""
    response: HttpResponseBase
    if wants_events(request):
        failed = Failed(error.status, error.message, error.data)
        response = single_event_response("error", encode_event(failed), retry_seconds=error.retry_after)
    else:
        response = envelope(error.data, status=error.status, message=error.message)
        response._has_been_logged = True  # type: ignore[attr-defined]  # tells Django not to log it again
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def counted(error: ApplicationError) -> ApplicationError:
    """The same error, which a client is told: ``/metrics`` counts it by its status."""
    with suppress(RuntimeError):  # no event loop runs
        runtime().measurements.refused[error.status] += 1
    return error


def as_application_error(error: Exception) -> ApplicationError:
    """Converts any error to one that clients may see, and counts it. Unexpected errors are logged with their cause.

    Ends the error: its traceback keeps the frames of tasks and threads, which keep the error. A refusal would leave 200
    objects to the garbage collector, which stops every stream while it frees them.
    """
    known = _known(error)
    for each in (known, error, error.__cause__):
        if each is not None:
            each.__traceback__ = each.__context__ = None
    return counted(known)


def _known(error: Exception) -> ApplicationError:
    match error:
        case ApplicationError():
            return error
        case ValidationError():
            return _invalid_body(error)
        case HttpError(status_code=400, __cause__=NotAnObject()):
            return ApplicationError(400, NotAnObject.message)
        case HttpError(status_code=400):
            return ApplicationError(400, "요청 본문이 올바른 JSON이 아닙니다.")
        case HttpError():
            return status_error(error.status_code)
        case RequestDataTooBig():
            return status_error(413)
        case SuspiciousOperation():  # such as more parameters than Django accepts
            return status_error(400)
        case OperationalError() | InterfaceError():
            logger.error("the database does not answer: %s", type(error).__name__)
            return ServiceUnavailable()
        case _:
            logger.error("unexpected error", exc_info=error)
            return status_error(500)


def status_error(status: int) -> ApplicationError:
    message = STATUS_MESSAGES.get(status) or STATUS_MESSAGES[500 if status >= 500 else 400]
    return ApplicationError(status, message)


def _invalid_body(error: ValidationError) -> ApplicationError:
    """The error for an invalid path, parameter or body."""
    places = [place["loc"] for place in error.errors]
    if any(place[0] == "path" for place in places):
        return status_error(404)
    fields = [str(place[-1]) for place in places if len(place) > 2]
    if not fields:
        return ApplicationError(400, NotAnObject.message)
    return FieldsNotText(fields)
