"""The protocol between the studio's scripts and the server: reading requests, and the envelope of responses."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from chatbot.db.errors import may_pass
from chatbot.errors import ApplicationError, ServiceUnavailable
from chatbot.events.types import encode
from chatbot.web.views import outage_message

View = Callable[..., Any]


class BadRequest(ApplicationError):
    """The request of a script is invalid."""


class SignedOut(Exception):
    """The person is not signed in to the admin."""


def respond(data: Mapping[str, Any] | None, *, status: int = 200, message: str = "") -> HttpResponse:
    content = encode({"status": status, "message": message, "data": data})
    return HttpResponse(content, status=status, content_type="application/json; charset=utf-8")


def in_envelope(view: View) -> View:
    """Converts errors of the coroutine to the envelope, so that a script always has a message to show."""

    @wraps(view)
    async def answered(*args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = await view(*args, **kwargs)
        except ApplicationError as error:
            response = respond(error.data, status=error.status, message=error.message)
        except SignedOut:
            response = respond(None, status=401, message=_("You are signed out: sign in again."))
        except PermissionDenied:
            response = respond(None, status=403, message=_("You do not have the right to do this."))
        except Http404:
            response = respond(None, status=404, message=_("This no longer exists. Load the page again."))
        except RequestDataTooBig:
            response = respond(None, status=413, message=_("The text is too long to be sent."))
        except Exception as error:
            if not may_pass(error):
                raise
            response = respond(None, status=503, message=outage_message())
            response["Retry-After"] = str(ServiceUnavailable().retry_after)
        return response

    return answered


def signed_in(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def read_body(request: HttpRequest) -> dict[str, Any]:
    """The JSON object in a request. Raises BadRequest."""
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):  # the latter for deeply nested brackets
        raise BadRequest(400, _("The request is not JSON.")) from None
    if not isinstance(body, dict):
        raise BadRequest(400, _("The request is not a JSON object."))
    return body


def text_in(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text of the request; ``default`` when it is missing. Raises BadRequest."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(422, _("%(name)s must be a text.") % {"name": name})
    return value


def number_in(body: Mapping[str, Any], name: str) -> float | None:
    """A number of the request, None when it is empty. Raises BadRequest."""
    value = body.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 2**31:
        raise BadRequest(422, _("%(name)s must be a number.") % {"name": name})
    return value


def whole_in(body: Mapping[str, Any], name: str) -> int:
    """A whole number of the request, not negative. Raises BadRequest."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise BadRequest(422, _("%(name)s must be a whole number.") % {"name": name})
    return value
