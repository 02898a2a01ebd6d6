"""Settings from the environment, as an operator meets them."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from ninja.throttling import SimpleRateThrottle
from pytest_django import Settings as DjangoSettings

from leafresh import variables as declarations
from tests.deploy.documents import setting_names
from tests.e2e.server import ROOT

ORIGINS = (
    "must list origins as browsers send them (a scheme and a host in lower case; no path, no *, no default port), such "
    "as https://app.example.com"
)


def configured(**variables: str) -> dict[str, Any]:
    """The settings of a process whose environment has these variables, and a data directory."""
    with pytest.MonkeyPatch.context() as patch:
        for name in setting_names() - {"LEAFRESH_DATA_DIR"}:
            patch.delenv(name, raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        read = runpy.run_path(declarations.__file__)
    return {name: value for name, value in read.items() if name.isupper()}


def start(tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LEAFRESH_", "DATABASE_URL"))}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**clean, "LEAFRESH_DATA_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        check=False,
    )


BAD = [
    ("LEAFRESH_PORT", "http", "LEAFRESH_PORT must be a whole number from 0 to 65535, not 'http'."),
    ("LEAFRESH_PORT", "70000", "LEAFRESH_PORT must be a whole number from 0 to 65535, not '70000'."),
    ("LEAFRESH_MAX_GENERATIONS", "0", "LEAFRESH_MAX_GENERATIONS must be a whole number from 1 to 1000000, not '0'."),
    ("LEAFRESH_ABANDON_SECONDS", "soon", "LEAFRESH_ABANDON_SECONDS must be a number from 0 to 3600, not 'soon'."),
    (
        "LEAFRESH_CATALOG_TOKEN_DELAY_MS",
        "-1",
        "LEAFRESH_CATALOG_TOKEN_DELAY_MS must be a number from 0 to 10000, not '-1'.",
    ),
    ("LEAFRESH_DEBUG", "maybe", "LEAFRESH_DEBUG must be true or false, not 'maybe'."),
    ("LEAFRESH_TOKEN_FORMAT", "xml", "LEAFRESH_TOKEN_FORMAT must be one of object, text, not 'xml'."),
    (
        "LEAFRESH_ALLOWED_HOSTS",
        "a.example,https://b.example",
        "LEAFRESH_ALLOWED_HOSTS must list host names without scheme, port or path, such as chat.example.com, "
        "not 'https://b.example'.",
    ),
    (
        "LEAFRESH_CORS_ORIGINS",
        "app.example.com",
        f"LEAFRESH_CORS_ORIGINS {ORIGINS}, not 'app.example.com'.",
    ),
    (
        "LEAFRESH_CORS_ORIGINS",
        "https://*.example.com",
        f"LEAFRESH_CORS_ORIGINS {ORIGINS}, not 'https://*.example.com'.",
    ),
    (
        "LEAFRESH_CORS_HEADERS",
        "X-Request-ID",
        "LEAFRESH_CORS_HEADERS must list names of headers in lower case, such as x-request-id, not 'X-Request-ID'.",
    ),
    (
        "LEAFRESH_TRUSTED_ORIGINS",
        "https://[::1",
        "LEAFRESH_TRUSTED_ORIGINS must list origins with a scheme and without a path or a default port, such as "
        "https://chat.example.com, not 'https://[::1'.",
    ),
    *(
        (
            "LEAFRESH_SESSION_RATE",
            value,
            "LEAFRESH_SESSION_RATE must be off or a number of requests (10000 at most) in a time (a day at most), "
            f"such as 20/m, 100/15m or 1000/h, not {value!r}.",
        )
        for value in ("20", "20/week")
    ),
    (
        "LEAFRESH_TRUSTED_PROXIES",
        "127.0.0.1,proxy.example.com",
        "LEAFRESH_TRUSTED_PROXIES must list addresses or networks of proxies, such as 127.0.0.1 or 10.0.0.0/8, or "
        "unix, not 'proxy.example.com'.",
    ),
    *(
        (
            "REDIS_URL",
            value,
            "REDIS_URL must be the URL of a Redis server, such as redis://127.0.0.1:6379/0. In a password, "
            "write %2F for /, %3F for ? and %23 for #.",
        )
        for value in (
            "secret-password",
            "http://:secret@127.0.0.1:6379",
            "redis://a b",
            "redis://:secret/word@127.0.0.1:6379/0",
            "redis://:123/word@127.0.0.1:6379/0",
            "redis://:secret?word@127.0.0.1:6379/0",
            "rediss://:secret#word@127.0.0.1:6379/0",
        )
    ),
    (
        "LEAFRESH_REDIS_PREFIX",
        "a:b",
        "LEAFRESH_REDIS_PREFIX must have at most 40 letters, digits, hyphens and underscores, not 'a:b'.",
    ),
    (
        "LEAFRESH_HOST",
        "http://x/",
        "LEAFRESH_HOST must be an address or a host name to listen on, such as 0.0.0.0, not 'http://x/'.",
    ),
    (
        "LEAFRESH_DATA_DIR",
        "/proc/nothing",
        "LEAFRESH_DATA_DIR must be a directory that can be written to, not '/proc/nothing' "
        "(No such file or directory).",
    ),
    *(
        (
            "DATABASE_URL",
            value,
            "DATABASE_URL must be a database URL such as sqlite:////srv/leafresh/db.sqlite3 or "
            "postgres://leafresh:password@db.example.com:5432/leafresh.",
        )
        for value in ("secret-password", "mysql://user:secret@localhost/leafresh", "postgres://user:secret@localhost/")
    ),
]


@pytest.mark.parametrize(("name", "value", "sentence"), BAD)
def test_a_value_that_makes_no_sense_stops_the_start_with_one_sentence(
    tmp_path: Path, name: str, value: str, sentence: str
) -> None:
    started = start(tmp_path, **{name: value})
    assert (started.returncode, started.stdout, started.stderr) == (1, "", f"{sentence}\n")


def test_good_values_are_taken(tmp_path: Path) -> None:
    started = start(
        tmp_path,
        LEAFRESH_HOST="::",
        LEAFRESH_PORT="0",
        LEAFRESH_DEBUG="YES",
        LEAFRESH_ALLOWED_HOSTS="chat.example.com, .example.org,[::1],*",
        LEAFRESH_CORS_ORIGINS="https://app.example.com,http://localhost:3000,capacitor://localhost",
        LEAFRESH_TRUSTED_ORIGINS="https://chat.example.com,https://*.example.com",
        LEAFRESH_ABANDON_SECONDS="0.5",
        LEAFRESH_SESSION_RATE="100/15min",
        LEAFRESH_ADDRESS_RATE="off",
        LEAFRESH_TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8,unix,2001:db8::/32",
        DATABASE_URL=f"sqlite:///{tmp_path}/other.sqlite3",
    )
    assert (started.returncode, started.stderr) == (0, "")


@pytest.mark.parametrize(
    "value",
    [
        *("https://app.example.com", "http://localhost:3000", "http://[::1]:3000", "http://app.example.com:443"),
        *("https://xn--9i1bp5xqq3d.kr", "capacitor://localhost", "ionic://localhost", "tauri://localhost"),
        *("app://-", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "vscode-webview://1a2b"),
    ],
)
def test_an_origin_that_is_taken_is_one_that_browsers_send(value: str) -> None:
    assert configured(LEAFRESH_CORS_ORIGINS=value)["CORS_ALLOWED_ORIGINS"] == [value]


@pytest.mark.parametrize(
    "value",
    [
        *("*", "null", "https://", "https://app.example.com/", "https://app.example.com/chat", "//app.example.com"),
        *("https://*.example.com", "https://App.example.com", "HTTPS://app.example.com", "https://우리.kr"),
        *("https://app.example.com:443", "http://app.example.com:80", "http://localhost:03000", "http://a:99999"),
        *("https://user@app.example.com", "https://app.example.com?a", "file://localhost", "javascript://localhost"),
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^LEAFRESH_CORS_ORIGINS {re.escape(ORIGINS)}, not "):
        configured(LEAFRESH_CORS_ORIGINS=value)


@pytest.mark.parametrize("value", ["1/s", "20/m", "10000/d", "100/15min", "5/90sec", "7/2hour", "1/day", "1/86400s"])
def test_a_rate_means_what_ninja_reads(value: str) -> None:
    taken = configured(LEAFRESH_SESSION_RATE=value)["LEAFRESH_SESSION_RATE"]
    assert taken == SimpleRateThrottle(value).parse_rate(value)


@pytest.mark.parametrize(
    "value",
    ["0/m", "-1/m", "10001/m", "20/0m", "2/2d", "1/86401s", "20/w", "20 / m", "20/m/m", "off/m", "٢/m", "/m", "OFF"],
)
def test_a_rate_that_makes_no_sense_is_not_taken(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^LEAFRESH_SESSION_RATE must be off or a number of requests"):
        configured(LEAFRESH_SESSION_RATE=value)


def test_a_rate_that_is_off_is_none() -> None:
    read = configured(LEAFRESH_SESSION_RATE=" off ")
    assert (read["LEAFRESH_SESSION_RATE"], read["LEAFRESH_ADDRESS_RATE"]) == (None, (600, 60))


@pytest.mark.parametrize(
    "value", ["0.0.0.0/0", "::/0", "10.0.0.1/8", "::ffff:10.0.0.1", "*", "10.0.0.0/33", "1.2.3.4:80"]
)
def test_who_cannot_be_a_proxy_is_not_trusted(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(repr(value))):
        configured(LEAFRESH_TRUSTED_PROXIES=f"127.0.0.1,{value}")


@pytest.mark.parametrize(
    "value", ["https://app.example.com/start", "http://[::1]:3000/a?b=c&d=%20", "myapp://start", "my.app+x:new?a=b"]
)
def test_a_challenge_may_start_on_a_page_or_in_an_app(value: str) -> None:
    assert configured(LEAFRESH_START_URL=value)["LEAFRESH_START_URL"] == value


@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "/start",
        "app.example.com/start",
        "https://a.example/#part",
        "https://a.example/a b",
        'https://a.example/"',
        "https://[::1/",
        "https://a.example/" + "a" * 1000,
    ],
)
def test_what_is_no_place_to_start_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^LEAFRESH_START_URL must be the address"):
        configured(LEAFRESH_START_URL=value)


@pytest.mark.parametrize("value", ["1_000", "1e3", "nan", "inf", "0x10", "٢", "1 0", "9" * 20])
def test_numbers_are_written_in_plain_digits(value: str) -> None:
    for name in ("LEAFRESH_PORT", "LEAFRESH_DRAIN_SECONDS"):
        with pytest.raises(ImproperlyConfigured, match=f"^{name} must be a (whole )?number from"):
            configured(**{name: value})


def test_an_empty_variable_is_as_none_but_an_empty_flag_means_no() -> None:
    unset = configured()
    flags = {name for name, value in unset.items() if isinstance(value, bool)}
    assert "LEAFRESH_CATALOG_LAST" in flags
    empty = configured(**dict.fromkeys(setting_names() - {"LEAFRESH_DATA_DIR"}, " "))
    assert empty == {**unset, **dict.fromkeys(flags, False)}


def test_models_are_told_their_schema_each_in_its_way() -> None:
    read = configured(LEAFRESH_SCHEMA_MODE="openai:a=b=json_schema, openai:c=wording,")
    assert read["LEAFRESH_SCHEMA_MODE"] == {"openai:a=b": "json_schema", "openai:c": "wording"}


@pytest.mark.parametrize("value", ["openai:a", "=auto", "openai:a=xml"])
def test_a_way_that_is_none_is_not_told(value: str) -> None:
    sentence = f"^LEAFRESH_SCHEMA_MODE must list model=value .*, not {value!r}"
    with pytest.raises(ImproperlyConfigured, match=sentence):
        configured(LEAFRESH_SCHEMA_MODE=f"openai:b=auto,{value}")


def test_every_setting_reaches_django(settings: DjangoSettings) -> None:
    renamed = {
        "LEAFRESH_DEBUG": "DEBUG",
        "LEAFRESH_ALLOWED_HOSTS": "ALLOWED_HOSTS",
        "LEAFRESH_CORS_ORIGINS": "CORS_ALLOWED_ORIGINS",
        "LEAFRESH_TRUSTED_ORIGINS": "CSRF_TRUSTED_ORIGINS",
        "LEAFRESH_SECRET_KEY": "SECRET_KEY",
        "LEAFRESH_SECRET_KEY_FALLBACKS": "SECRET_KEY_FALLBACKS",
        "DATABASE_URL": "DATABASES",
    }
    assert [name for name in setting_names() if not hasattr(settings, renamed.get(name, name))] == []
