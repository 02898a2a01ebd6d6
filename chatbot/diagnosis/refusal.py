"""Why a response is not the one that was asked for: each HTTP status with its sentence and its remedy."""

import json
from collections.abc import Mapping
from urllib.parse import urljoin

from chatbot.diagnosis.exchange import Response
from chatbot.diagnosis.finding import Finding, fault
from chatbot.diagnosis.hosts import HOST_SETTING, allowed_hosts, setting
from chatbot.diagnosis.target import Target

_NO_PERMISSION = (
    "{target} answers {status}: something in front of Leafresh asks for permission.",
    "Let /ai/ and /api/ pass the proxy without a login.",
)
_NOT_THERE = (
    "{target} answers {status} for {path}: another server is there, or Leafresh stands behind a prefix.",
    "Correct --url (with the prefix, if there is one), or the proxy's rule for /ai/ and /api/.",
)
_NOTHING_BEHIND = (
    "{target} answers {status}: the proxy there does not reach the server behind it.",
    "Start the server (python manage.py serve), and check the address that the proxy passes requests on to.",
)
_STATUSES: Mapping[int, tuple[str, str]] = {
    400: (
        "{target} answers 400: {said}",
        (
            "If it is the host name: restart the server with {host_setting}. "
            "A port that speaks TLS answers so too: try --url https://{bracketed}:{port}"
        ),
    ),
    401: _NO_PERMISSION,
    403: _NO_PERMISSION,
    407: _NO_PERMISSION,
    404: _NOT_THERE,
    405: _NOT_THERE,
    429: ("{target} answers 429, too many requests: {said}", "Wait a minute and run the doctor again."),
    502: _NOTHING_BEHIND,
    503: (
        "{target} answers 503: {said}",
        "See “database” above. Else the server is overloaded or restarting, or the proxy has none behind it.",
    ),
    504: _NOTHING_BEHIND,
}
_ANY_OTHER = ("{target} answers {status}: {said}", "Look into the log of the server and of the proxy.")


def explain_status(response: Response, target: Target, path: str) -> Finding | None:
    """None for status 200."""
    if response.status == 200:
        return None
    said = _said(response)
    if response.status == 400 and HOST_SETTING in said:  # which the server's own message names
        return refused_host(target)
    if 300 <= response.status < 400:
        return _redirect(response, target, path)
    message, remedy = _STATUSES.get(response.status, _ANY_OTHER)
    values = {
        "target": target,
        "bracketed": target.bracketed,
        "port": target.port,
        "path": path,
        "status": response.status,
        "said": said,
        "host_setting": setting(target.bracketed, allowed_hosts()),
    }
    return fault(message.format(**values), remedy.format(**values))


def refused_host(target: Target) -> Finding:
    return fault(
        f"The server answers requests addressed to {target.bracketed} with 400: it is no allowed host.",
        f"Restart the server with {setting(target.bracketed, allowed_hosts())}",
    )


def _redirect(response: Response, target: Target, path: str) -> Finding:
    place = urljoin(f"{target}{path}", response.header("location"))
    base, found, _ = place.partition(path)
    return fault(
        f"{target} redirects ({response.status}) to {place}.",
        f"Give clients the address that it leads to, and examine that: --url {base if found else place}",
    )


def _said(response: Response) -> str:
    """The message of an envelope; else the beginning of the body, as one line."""
    text = response.body.decode("utf-8", errors="replace")
    try:
        return str(json.loads(text)["message"])
    except (ValueError, TypeError, LookupError):
        return " ".join(text.split())[:120] or "it does not say why."
