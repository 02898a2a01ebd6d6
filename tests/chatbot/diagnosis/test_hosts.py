import pytest
from pytest_django import Settings

from chatbot.diagnosis import hosts
from chatbot.diagnosis.finding import Finding, fault, ok, warning
from chatbot.diagnosis.target import Target

LOCAL = ["localhost", "127.0.0.1", "[::1]"]
SET = "Set LEAFRESH_ALLOWED_HOSTS=localhost,127.0.0.1,[::1],"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = LOCAL
    monkeypatch.setattr(hosts, "own_address", lambda: "192.0.2.5")


def check(url: str, *, answers: bool = False) -> list[Finding]:
    return list(hosts.check(Target.parse(url), answers=answers))


@pytest.mark.usefixtures("outside")
def test_the_own_address_is_only_a_warning() -> None:
    assert check("http://[::1]:8000") == [
        ok("Requests addressed to [::1] are allowed."),
        warning(
            "Requests addressed to this machine's own address 192.0.2.5 are refused with 400: it is no allowed host.",
            f"{SET}192.0.2.5 and restart the server. Needed only if clients use that address.",
        ),
    ]


@pytest.mark.usefixtures("outside")
def test_a_host_that_is_not_allowed() -> None:
    assert check("http://192.0.2.5:8000") == [
        fault(
            "Requests addressed to 192.0.2.5 are refused with 400: it is no allowed host.",
            f"{SET}192.0.2.5 and restart the server.",
        )
    ]


@pytest.mark.usefixtures("outside")
def test_a_server_that_answers_all_the_same_has_other_settings() -> None:
    assert [found.level for found in check("https://chat.example.com", answers=True)] == ["warning", "warning"]


@pytest.mark.usefixtures("outside")
def test_wildcards_and_debug_mode(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = [".example.com", "192.0.2.5"]
    assert [found.level for found in check("https://chat.example.com")] == ["ok", "ok"]
    settings.ALLOWED_HOSTS = []
    assert [found.level for found in check("http://localhost:8000")] == ["fault", "warning"]
    settings.DEBUG = True
    assert [found.level for found in check("http://localhost:8000")] == ["ok", "warning"]
