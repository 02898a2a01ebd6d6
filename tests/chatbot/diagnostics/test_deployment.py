"""The address that clients use, and what the settings allow."""

import httpx
import pytest
from django.conf import settings as configured
from django.core import checks
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from chatbot.diagnostics import deployment
from chatbot.diagnostics.deployment import (
    TAG,
    Received,
    Target,
    check_cors,
    check_hosts,
    cors_problems,
    parse_origin,
)
from chatbot.diagnostics.visit import STREAM
from tests.chatbot.diagnostics.recordings import level_and_message, levels

LOCAL = ["localhost", "127.0.0.1", "[::1]"]
SET = "Set LEAFRESH_ALLOWED_HOSTS=localhost,127.0.0.1,[::1],"


ORIGIN = "https://app.example.com"
TARGET = Target.parse("https://chat.example.com")
ALLOWING = (
    ("access-control-allow-origin", ORIGIN),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-headers", ", ".join(configured.CORS_ALLOW_HEADERS).upper()),
)
SET_ORIGINS = "Set LEAFRESH_CORS_ORIGINS=https://other.example.com,https://app.example.com and restart the server."


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://Chat.Example.com/", "https://chat.example.com"),
        ("https://chat.example.com:443/leafresh/", "https://chat.example.com/leafresh"),
        ("http://[2001:DB8::1]:8000", "http://[2001:db8::1]:8000"),
        ("https://한국.kr", "https://xn--3e0b707e.kr"),
    ],
)
def test_urls_are_read(url: str, expected: str) -> None:
    assert str(Target.parse(url)) == expected


@pytest.mark.parametrize(
    "url",
    [
        "chat.example.com", "ftp://x", "http://", "http://u:p@x", "http://x?a", "http://x#a", "http://x:99999",
        "http://[x", "http://a..b", f"http://{'a' * 64}",
    ],
)  # fmt: skip
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(It must|It does|Port|Invalid)"):
        Target.parse(url)


def test_an_origin_is_read_as_browsers_write_it() -> None:
    assert parse_origin("https://App.Example.com:443/") == "https://app.example.com"


def test_an_origin_has_no_path() -> None:
    with pytest.raises(ValueError, match="without a path"):
        parse_origin("https://app.example.com/page")


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = LOCAL
    monkeypatch.setattr(deployment, "own_address", lambda: "192.0.2.5")


def hosts(url: str, *, answered: bool = False) -> list[checks.CheckMessage]:
    return list(check_hosts(Target.parse(url), answered=answered))


@pytest.mark.usefixtures("outside")
def test_the_own_address_is_only_a_warning() -> None:
    allowed, refused = hosts("http://[::1]:8000")
    assert level_and_message(allowed) == ("ok", "Requests addressed to [::1] are allowed.")
    assert level_and_message(refused) == (
        "warning",
        "Requests addressed to this machine's own address 192.0.2.5 are refused with 400: it is no allowed host.",
    )
    assert refused.hint == f"{SET}192.0.2.5 and restart the server. Needed only if clients use that address."


@pytest.mark.usefixtures("outside")
def test_a_host_that_is_not_allowed() -> None:
    (refused,) = hosts("http://192.0.2.5:8000")
    assert level_and_message(refused) == (
        "fault",
        "Requests addressed to 192.0.2.5 are refused with 400: it is no allowed host.",
    )
    assert refused.hint == f"{SET}192.0.2.5 and restart the server."


@pytest.mark.usefixtures("outside")
def test_a_server_that_still_answers_has_other_settings() -> None:
    assert levels(hosts("https://chat.example.com", answered=True)) == ["warning", "warning"]


@pytest.mark.usefixtures("outside")
def test_wildcards_and_debug_mode(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = [".example.com", "192.0.2.5"]
    assert levels(hosts("https://chat.example.com")) == ["ok", "ok"]
    settings.ALLOWED_HOSTS = []
    assert levels(hosts("http://localhost:8000")) == ["fault", "warning"]
    settings.DEBUG = True
    assert levels(hosts("http://localhost:8000")) == ["ok", "warning"]


def cors(origin: str | None, target: Target = TARGET, **responses: Received) -> list[checks.CheckMessage]:
    return list(check_cors(origin, target, responses))


def answered(*headers: tuple[str, str], status: int = 200) -> Received:
    return status, httpx.Headers(list(headers))


def test_without_an_origin_it_shows_the_allowed_origins(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    assert cors(None)[0].msg.startswith("Only pages that this server itself delivers may read streams.")
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    assert cors(None)[0].msg == f"Pages of {ORIGIN} may read streams, with credentials."


def test_an_origin_that_is_allowed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    found = cors(ORIGIN, preflight=answered(*ALLOWING), stream=answered(*ALLOWING[:2]))
    assert list(map(level_and_message, found)) == [
        ("ok", f"The settings let pages of {ORIGIN} read streams, with credentials."),
        ("ok", f"The preflight that the server answers allows {ORIGIN}, with credentials."),
        ("ok", f"The stream that the server answers allows {ORIGIN}, with credentials."),
    ]


def test_an_origin_that_is_not_allowed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://other.example.com"]
    found = cors(ORIGIN, preflight=answered(), stream=answered())
    missing = "Access-Control-Allow-Origin is missing"
    assert list(map(level_and_message, found)) == [
        ("fault", f"The settings do not let pages of {ORIGIN} read streams."),
        ("fault", f"The preflight that the server answers keeps pages of {ORIGIN} out: {missing}."),
        ("fault", f"The stream that the server answers keeps pages of {ORIGIN} out: {missing}."),
    ]
    assert {finding.hint for finding in found} == {SET_ORIGINS}


def test_an_origin_that_the_settings_name_may_read_streams(settings: Settings) -> None:
    """The conclusion of the doctor from the settings matches the responses of the application."""
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    asked = {"access-control-request-method": "GET", "access-control-request-headers": "last-event-id,traceparent"}
    response = Client().options(STREAM, headers={"origin": ORIGIN, **asked})
    assert cors_problems((response.status_code, response.headers), ORIGIN, preflight=True) == []
    other = Client().options(STREAM, headers={"origin": "https://other.example.com", **asked})
    assert cors_problems((other.status_code, other.headers), ORIGIN, preflight=True) != []


def test_a_server_that_allows_what_these_settings_do_not(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://other.example.com"]
    found = cors(ORIGIN, preflight=answered(*ALLOWING), stream=answered(*ALLOWING))
    assert levels(found) == ["warning", "ok", "ok"]
    assert found[0].hint == f"Give both the same settings. {SET_ORIGINS}"


def test_a_proxy_that_spoils_the_headers(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    any_origin = answered(("access-control-allow-origin", "*"), status=404)
    found = cors(ORIGIN, preflight=any_origin, stream=answered(*ALLOWING, ALLOWING[0]))
    assert list(map(level_and_message, found[1:])) == [
        (
            "fault",
            f"The preflight that the server answers keeps pages of {ORIGIN} out: Access-Control-Allow-Origin is *; "
            "Access-Control-Allow-Credentials is not true; it answers 404.",
        ),
        (
            "fault",
            f"The stream that the server answers keeps pages of {ORIGIN} out: "
            f"Access-Control-Allow-Origin is {ORIGIN}, {ORIGIN}.",
        ),
    ]
    assert {str(finding.hint)[:39] for finding in found[1:]} == {"The settings allow it: restart the serv"}


def test_a_preflight_that_forbids_a_header_names_it(settings: Settings) -> None:
    settings.CORS_ALLOW_HEADERS = ["last-event-id", "content-type", "traceparent"]
    permission = ("access-control-allow-headers", "Content-Type")
    assert cors_problems(answered(*ALLOWING[:2], permission), ORIGIN, preflight=True) == [
        "Access-Control-Allow-Headers does not name last-event-id, traceparent"
    ]


def test_the_servers_own_origin_needs_nothing() -> None:
    assert list(map(level_and_message, cors("https://chat.example.com"))) == [
        ("ok", "https://chat.example.com is the server's own origin: its pages need no permission.")
    ]


def test_browsers_block_mixed_content(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN, "http://app.example.com"]
    plain = Target.parse("http://chat.example.com")
    assert levels(cors(ORIGIN, plain)) == ["fault", "ok"]
    assert levels(cors(ORIGIN, Target.parse("http://127.0.0.1:8000"))) == ["ok"]
    assert levels(cors("http://app.example.com", plain)) == ["ok"]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            "google_genai:gemini",
            "The chat model google_genai:gemini needs a package: pip install langchain-google-genai",
        ),
        ("nowhere:model", "The chat model nowhere:model has an unknown provider: LangChain knows "),
    ],
)
def test_a_model_that_cannot_be_loaded_fails_the_deployment_check(settings: Settings, model: str, message: str) -> None:
    assert run_checks(tags=[TAG], include_deployment_checks=True) == []
    settings.LEAFRESH_CHAT_MODEL = model
    (finding,) = run_checks(tags=[TAG], include_deployment_checks=True)
    level, told = level_and_message(finding)
    assert (finding.id, level, told[: len(message)]) == ("leafresh.models.missing_package", "fault", message)
    assert run_checks(tags=[TAG]) == []
