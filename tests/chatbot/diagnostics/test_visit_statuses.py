"""Every status of an unexpected response has its own finding."""

import json

import httpx
import pytest

from chatbot.diagnostics.visit import Response, explain_status
from tests.chatbot.diagnostics.recordings import TARGET, level_and_message

BASE = "http://127.0.0.1:8000"
PATH = "/api/challenges/options"


def explained(status: int, body: bytes = b"", **headers: str) -> tuple[str, str]:
    finding = explain_status(Response(status, httpx.Headers(headers), ((0.0, body),)), TARGET, PATH)
    assert finding is not None
    level, message = level_and_message(finding)
    assert level == "fault"
    return message, str(finding.hint)


def test_200_needs_no_explanation() -> None:
    assert explain_status(Response(200), TARGET, PATH) is None


def test_a_host_that_is_not_allowed() -> None:
    envelope = {"status": 400, "message": "서버의 LEAFRESH_ALLOWED_HOSTS에 이 주소를 추가해 주세요.", "data": None}
    message, remedy = explained(400, json.dumps(envelope).encode())
    assert message == "The server answers requests addressed to 127.0.0.1 with 400: it is no allowed host."
    assert remedy.startswith("Restart the server with LEAFRESH_ALLOWED_HOSTS=")


def test_a_redirect_is_reported_with_its_target() -> None:
    message, remedy = explained(301, location=f"https://chat.example.com{PATH}")
    assert message == f"{BASE} redirects (301) to https://chat.example.com{PATH}."
    assert remedy.endswith("--url https://chat.example.com")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, f"{BASE} answers 400: <h1> Bad {{Request}}"),
        (401, f"{BASE} answers 401: something in front of Leafresh asks for permission."),
        (
            404,
            f"{BASE} answers 404 for {PATH}: another server is there, or Leafresh has a prefix.",
        ),
        (418, f"{BASE} answers 418: <h1> Bad {{Request}}"),
        (429, f"{BASE} answers 429, too many requests: <h1> Bad {{Request}}"),
        (502, f"{BASE} answers 502: the proxy there does not reach the server."),
        (503, f"{BASE} answers 503: <h1> Bad {{Request}}"),
    ],
)
def test_every_status_has_its_sentence(status: int, expected: str) -> None:
    assert explained(status, b"<h1>\n Bad {Request}")[0] == expected
