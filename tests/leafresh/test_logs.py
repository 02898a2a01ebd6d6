"""Texts that the log and the error page must not contain."""

import logging

import pytest
from django.test import override_settings
from django.views.debug import get_default_exception_reporter_filter

from leafresh import logs


def test_a_kind_of_line_is_logged_once_per_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("leafresh.logs.time.monotonic", lambda: now)
    limited = logs.RateLimitFilter()

    def log_line(text: str, *of: object) -> str | None:
        record = logging.LogRecord("psycopg.pool", logging.WARNING, "", 0, text, of, None)
        return record.getMessage() if limited.filter(record) else None

    assert log_line("cannot connect to %s: %s", "a", "refused\n\tIs it there?") == "cannot connect to a: refused"
    assert log_line("cannot connect to %s: %s", "b", "refused") is None
    assert log_line("gave up") == "gave up"
    now += logs.INTERVAL_SECONDS
    assert log_line("cannot connect to %s: %s", "a", "a 100% timeout") == "cannot connect to a: a 100% timeout"


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("GET /ai/x?sessionId=me&message=%EC%95%88 took too long", "GET /ai/…?… took too long"),
        ("<ASGIRequest: GET '/ai/x?message=hello'>", "<ASGIRequest: GET '/ai/…?…'>"),
        ("Not Found: /api/chatbot/sessions/me", "Not Found: /api/chatbot/sessions/…"),
        ("https://a.example/ai/x?message=hello does not match", "https://a.example/ai/…?… does not match"),
        ("path=b'/ws/chatbot/my-session'>", "path=b'/ws/chatbot/…'>"),
        ("Not Found: /api/chatbot/%73essions/me", "Not Found: /api/chatbot/sessions/…"),
        ("Not Found: //API/chatbot/session/me", "Not Found: /api/…"),
        ("127.0.0.1:80/api/chatbot/sessions/me", "127.0.0.1:80/api/chatbot/sessions/…"),
        ("Forbidden: /admin/chatbot/chatsession/me/change/", "Forbidden: /admin/chatbot/chatsession/…"),
        ("File '/opt/leafresh/chatbot/api/envelope.py'", "File '/opt/leafresh/chatbot/api/envelope.py'"),
        ("see chatbot/api/envelope.py", "see chatbot/api/envelope.py"),
        ("is it there? yes 50/50?", "is it there? yes 50/50?"),
    ],
)
def test_no_line_has_a_query_or_a_session(text: str, logged: str) -> None:
    record = logging.LogRecord("daphne.server", logging.WARNING, "", 0, "%s", (text,), None)
    assert logs.RedactingFormatter("%(name)s %(message)s").format(record) == f"daphne.server {logged}"


def test_no_traceback_has_a_query() -> None:
    error = ValueError("<ASGIRequest: GET '/ai/x?message=hello'>")
    record = logging.LogRecord("a", logging.ERROR, "", 0, "it failed", (), (ValueError, error, None))
    assert logs.RedactingFormatter().format(record) == "it failed\nValueError: <ASGIRequest: GET '/ai/…?…'>"


@override_settings(
    REDIS_URL="redis://:hunter2@127.0.0.1/0",
    CACHES={"default": {"LOCATION": "redis://:hunter2@127.0.0.1/0"}},
    CHANNEL_LAYERS={"default": {"CONFIG": {"hosts": ["redis://:hunter2@127.0.0.1/0"]}}},
)
def test_no_password_is_on_the_error_page() -> None:
    assert "hunter2" not in repr(get_default_exception_reporter_filter().get_safe_settings())
