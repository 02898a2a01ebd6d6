"""Every finding describes a problem and a solution, and none contains a secret."""

import re
from pathlib import Path

import pytest
from pytest_django import Settings

from chatbot import diagnostics
from chatbot.diagnostics.findings import CATALOG, LEVELS, found, redact
from tests.chatbot.diagnostics.recordings import level_and_message


def test_passwords_in_addresses_are_hidden() -> None:
    assert redact("postgres://leaf:s3cret@db/x and http://[::1]:8000/a:b@c") == (
        "postgres://leaf:***@db/x and http://[::1]:8000/a:b@c"
    )


def test_known_secrets_are_hidden(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SECRET_KEY = "key-of-the-settings"  # noqa: S105  made up
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "hunter2")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-123456")
    monkeypatch.setenv("REDIS_URL", "redis://:p%40ss1@cache/0")
    text = "key-of-the-settings hunter2 sk-123456 p%40ss1 p@ss1"
    assert redact(text) == "*** *** *** *** ***"


def test_secret_keys_of_before_are_hidden(settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = ["earlier-key", "earliest-key"]
    assert redact("earlier-key earliest-key") == "*** ***"


def test_ordinary_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_PASSWORD", "a")
    monkeypatch.setenv("LEAFRESH_TOKEN_FORMAT", "object")
    assert redact("a list of objects") == "a list of objects"


ENTRIES = {
    f"{section}.{key}": entry
    for section, texts in CATALOG.items()
    if section != "shared"
    for key, entry in texts.items()
}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_finding_has_one_level_and_a_hint(name: str) -> None:
    entry = ENTRIES[name]
    (level,) = entry.keys() - {"hint"}
    assert level in LEVELS
    assert bool(entry.get("hint")) is (level != "info")


def test_the_catalogue_holds_what_the_checks_name_and_no_more() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(diagnostics.__file__).parent.glob("*.py"))
    assert set(re.findall(rf'"((?:{"|".join(CATALOG)})\.[a-z_0-9]+)"', source)) == set(ENTRIES)


def test_blanks_and_shared_texts_are_filled_in() -> None:
    finding = found("unreachable.not_http", host="[2001:db8::1]", port=443)
    assert level_and_message(finding) == ("fault", "What answers at [2001:db8::1] port 443 does not speak HTTP.")
    assert finding.hint == (
        "Correct the port in --url. A port that speaks TLS looks like this too: try --url https://[2001:db8::1]:443"
    )
    assert finding.id == "leafresh.unreachable.not_http"


def test_braces_in_a_value_stay() -> None:
    assert found("provider.fails", name="{x}", reason="{compare}").msg == "The provider {x} cannot write: {compare}"


def test_no_finding_holds_a_secret(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "hunter2")
    finding = found(
        "cors.server_refuses", name="stream", origin="o", problems="postgres://leaf:hunter2@db", remedy="hunter2"
    )
    assert finding.msg.endswith("postgres://leaf:***@db.")
    assert finding.hint == "***"


def test_what_would_confuse_a_terminal_is_escaped() -> None:
    assert found("models.missing_package", reason="한글 \x1b[31m\n\ud800").msg == "한글 \\x1b[31m\\n\\ud800"
