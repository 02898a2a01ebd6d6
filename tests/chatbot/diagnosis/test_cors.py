from pytest_django import Settings

from chatbot.diagnosis import cors
from chatbot.diagnosis.exchange import Response
from chatbot.diagnosis.finding import Finding
from chatbot.diagnosis.target import Target
from chatbot.diagnosis.visit import Visit

ORIGIN = "https://app.example.com"
TARGET = Target.parse("https://chat.example.com")
ALLOWING = (
    ("access-control-allow-origin", ORIGIN),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-headers", "accept, Last-Event-ID"),
)
SET = "Set LEAFRESH_CORS_ORIGINS=https://other.example.com,https://app.example.com and restart the server."


def said(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(found.level, found.message) for found in findings]


def met(preflight: tuple[tuple[str, str], ...], stream: tuple[tuple[str, str], ...], status: int = 200) -> Visit:
    return Visit(Response(200), Response(status, preflight), Response(200, stream))


def test_without_an_origin_it_says_what_is_allowed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    assert cors.check_allowed().message.startswith("Only pages that this server itself delivers may read streams.")
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    assert cors.check_allowed().message == f"Pages of {ORIGIN} may read streams, with credentials."


def test_an_origin_that_is_allowed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    assert said(list(cors.check(ORIGIN, TARGET, met(ALLOWING, ALLOWING[:2])))) == [
        ("ok", f"The settings let pages of {ORIGIN} read streams, with credentials."),
        ("ok", f"The preflight that the server answers allows {ORIGIN}, with credentials."),
        ("ok", f"The stream that the server answers allows {ORIGIN}, with credentials."),
    ]


def test_an_origin_that_is_not_allowed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://other.example.com"]
    findings = list(cors.check(ORIGIN, TARGET, met((), ())))
    missing = "Access-Control-Allow-Origin is missing"
    assert said(findings) == [
        ("fault", f"The settings do not let pages of {ORIGIN} read streams: {missing}."),
        ("fault", f"The preflight that the server answers keeps pages of {ORIGIN} out: {missing}."),
        ("fault", f"The stream that the server answers keeps pages of {ORIGIN} out: {missing}."),
    ]
    assert {found.remedy for found in findings} == {SET}


def test_a_server_that_allows_what_these_settings_do_not(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://other.example.com"]
    findings = list(cors.check(ORIGIN, TARGET, met(ALLOWING, ALLOWING)))
    assert [found.level for found in findings] == ["warning", "ok", "ok"]
    assert findings[0].remedy == f"Give both the same settings. {SET}"


def test_a_proxy_that_spoils_the_headers(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    any_origin = (("access-control-allow-origin", "*"),)
    findings = list(cors.check(ORIGIN, TARGET, met(any_origin, (*ALLOWING, ALLOWING[0]), status=404)))
    assert said(findings[1:]) == [
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
    assert {found.remedy for found in findings[1:]} == {cors.NOT_THE_SETTINGS}


def test_a_preflight_that_forbids_the_cursor() -> None:
    response = Response(200, ALLOWING[:2])
    assert cors.problems(response, ORIGIN) == ["Access-Control-Allow-Headers does not name Last-Event-ID"]


def test_the_servers_own_origin_needs_nothing() -> None:
    assert said(list(cors.check("https://chat.example.com", TARGET, None))) == [
        ("ok", "https://chat.example.com is the server's own origin: its pages need no permission.")
    ]


def test_browsers_block_mixed_content(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    plain = Target.parse("http://chat.example.com")
    assert [found.level for found in cors.check(ORIGIN, plain, None)] == ["fault", "ok"]
    assert cors.judge_mixed(ORIGIN, Target.parse("http://127.0.0.1:8000")) is None
    assert cors.judge_mixed("http://app.example.com", plain) is None
