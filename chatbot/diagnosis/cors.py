"""Whether pages of another origin may read the stream, with credentials as the web client opens it."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from chatbot.diagnosis.exchange import Response
from chatbot.diagnosis.finding import Finding, Level, fault, ok, warning
from chatbot.diagnosis.target import Target
from chatbot.diagnosis.visit import STREAM, Visit
from chatbot.reachability import is_loopback

NOT_THE_SETTINGS = (
    "The settings allow it: restart the server, so that it reads them. If that does not help, a proxy removes or "
    "repeats the Access-Control headers, which it must leave alone."
)


def parse_origin(text: str) -> str:
    """The origin as a browser writes it. Raises ValueError with a sentence for the operator."""
    target = Target.parse(text)
    if target.prefix:
        raise ValueError("It must be an origin without a path, such as https://app.example.com.")
    return target.origin


def check_allowed() -> Finding:
    """What the settings allow, when no origin was asked about."""
    allowed = list(settings.CORS_ALLOWED_ORIGINS)
    if not allowed:
        return ok(
            "Only pages that this server itself delivers may read streams. "
            "Others need LEAFRESH_CORS_ORIGINS; --origin https://app.example.com examines one."
        )
    return ok(f"Pages of {', '.join(allowed)} may read streams, with credentials.")


def check(origin: str, target: Target, visit: Visit | None) -> Iterator[Finding]:
    """``visit`` is None when there was none: then the settings alone are judged."""
    if origin == target.origin:
        yield ok(f"{origin} is the server's own origin: its pages need no permission.")
        return
    mixed = judge_mixed(origin, target)
    if mixed:
        yield mixed
    met = {"preflight": visit.preflight, "stream": visit.stream} if visit else {}
    real = {name: response for name, response in met.items() if response is not None}
    remedy = f"Set LEAFRESH_CORS_ORIGINS={','.join([*settings.CORS_ALLOWED_ORIGINS, origin])} and restart the server."
    by_settings = problems(_preflight_by_settings(origin), origin)
    answers = [
        judge(response, origin, what=name, remedy=remedy if by_settings else NOT_THE_SETTINGS)
        for name, response in real.items()
    ]
    if not by_settings:
        yield ok(f"The settings let pages of {origin} read streams, with credentials.")
    elif answers and all(answer.level is Level.OK for answer in answers):
        yield warning(
            f"The settings that this command reads do not let pages of {origin} read streams, but the server does: "
            "it was started with others.",
            f"Give both the same settings. {remedy}",
        )
    else:
        yield fault(f"The settings do not let pages of {origin} read streams: {'; '.join(by_settings)}.", remedy)
    yield from answers


def judge(response: Response, origin: str, *, what: str, remedy: str) -> Finding:
    """A real response to a request from the origin."""
    found = list(problems(response, origin, preflight=what == "preflight"))
    if not found:
        return ok(f"The {what} that the server answers allows {origin}, with credentials.")
    return fault(f"The {what} that the server answers keeps pages of {origin} out: {'; '.join(found)}.", remedy)


def problems(response: Response, origin: str, *, preflight: bool = True) -> Sequence[str]:
    """Why a browser would not let a page of the origin read the response (Fetch, "CORS check")."""
    found = []
    allowed = response.header("access-control-allow-origin")
    if not allowed:
        found.append("Access-Control-Allow-Origin is missing")
    elif allowed != origin:
        found.append(f"Access-Control-Allow-Origin is {allowed}")
    if allowed and response.header("access-control-allow-credentials") != "true":
        found.append("Access-Control-Allow-Credentials is not true")
    if preflight and not 200 <= response.status < 300:
        found.append(f"it answers {response.status}")
    elif preflight and allowed:
        headers = re.split(r"[\s,]+", response.header("access-control-allow-headers").lower())
        if "last-event-id" not in headers:
            found.append("Access-Control-Allow-Headers does not name Last-Event-ID")
    return found


def judge_mixed(origin: str, target: Target) -> Finding | None:
    """Browsers do not let a page that came over TLS read from a plain address."""
    if urlsplit(origin).scheme != "https" or target.scheme != "http" or is_loopback(target.host):
        return None
    return fault(
        f"Browsers block it: a page of {origin} must not read from {target}, which has no TLS.",
        "Put a proxy with a certificate in front of the server, and give clients its https address.",
    )


def _preflight_by_settings(origin: str) -> Response:
    """What the CORS middleware answers under these settings, without a server."""
    request = HttpRequest()
    request.method = "OPTIONS"
    request.path = request.path_info = STREAM
    request.META |= {
        "HTTP_ORIGIN": origin,
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "last-event-id",
    }
    response = CorsMiddleware(lambda _request: HttpResponse())(request)
    assert isinstance(response, HttpResponse)
    return Response(response.status_code, tuple((name.lower(), value) for name, value in response.items()))
