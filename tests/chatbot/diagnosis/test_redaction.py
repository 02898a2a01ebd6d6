import pytest
from pytest_django import Settings

from chatbot.diagnosis.redaction import redact, without


def test_passwords_in_addresses_are_hidden() -> None:
    assert without("postgres://leaf:s3cret@db/x and http://[::1]:8000/a:b@c", []) == (
        "postgres://leaf:***@db/x and http://[::1]:8000/a:b@c"
    )


def test_known_secrets_are_hidden(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECRET_KEY = "key-of-the-settings"  # noqa: S105  made up
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "hunter2")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-123456")
    monkeypatch.setenv("REDIS_URL", "redis://:p%40ss1@cache/0")
    text = "key-of-the-settings hunter2 sk-123456 p%40ss1 p@ss1"
    assert redact(text) == "*** *** *** *** ***"


def test_ordinary_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "a")
    monkeypatch.setenv("LEAFRESH_TOKEN_FORMAT", "object")
    assert redact("a list of objects") == "a list of objects"
