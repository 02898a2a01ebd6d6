"""What pages say while the database is gone; what the API says is in ``chatbot.api.envelope``."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from chatbot.db.errors import may_pass
from chatbot.errors import ServiceUnavailable

logger = logging.getLogger(__name__)


def message() -> str:
    """In the person's language."""
    return _("The service is not available at the moment. Please try again shortly.")


def page(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The page instead of one whose view met an error of the database that may pass, with 503 and ``Retry-After``. A
    page that was only looked at comes by itself when the database is back. None for other errors."""
    if not may_pass(error):
        return None
    logger.error("the database does not answer: %s", type(error).__name__)
    return unavailable(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The page instead of one that cannot be made now."""
    seconds = ServiceUnavailable().retry_after
    context = {"message": message(), "seconds": seconds if request.method == "GET" else None}
    response = render(request, "chatbot/unavailable.html", context, status=503)
    response["Retry-After"] = str(seconds)
    response["Cache-Control"] = "no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's mark: said once is enough
    return response
