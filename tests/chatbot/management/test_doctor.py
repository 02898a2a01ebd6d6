"""``manage.py doctor``: what it prints, and its exit status."""

import io
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from pytest_django import Settings

from chatbot.diagnostics import examination
from tests.e2e.server import RunningServer, manage

FINDINGS: dict[str, list[checks.CheckMessage]] = {
    "first": [checks.Info("All is well."), checks.Warning("비건 is thin.", hint="Add some.")],
    "second": [checks.Error("It is broken.", hint="Set LEAFRESH_HOST=0.0.0.0")],
}


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[checks.CheckMessage]]:
    """The findings of the checks. A test may change them."""
    found = dict(FINDINGS)

    def examine(_: object) -> Iterator[tuple[str, list[checks.CheckMessage]]]:
        yield from found.items()

    monkeypatch.setattr("chatbot.management.commands.doctor.examine", examine)
    return found


def doctor(*arguments: str) -> tuple[int, str]:
    """Exit status and output."""
    output = io.StringIO()
    try:
        call_command("doctor", *arguments, stdout=output)
    except SystemExit as stop:
        return int(stop.code or 0), output.getvalue()
    return 0, output.getvalue()


@pytest.mark.usefixtures("findings")
def test_every_finding_has_a_mark_a_sentence_and_a_remedy() -> None:
    assert doctor("--url", "http://127.0.0.1:8203") == (
        1,
        "Leafresh at http://127.0.0.1:8203\n"
        "\n"
        "first\n"
        "  ✓ ok       All is well.\n"
        "  ! warning  비건 is thin.\n"
        "             Remedy: Add some.\n"
        "\n"
        "second\n"
        "  ✗ fault    It is broken.\n"
        "             Remedy: Set LEAFRESH_HOST=0.0.0.0\n"
        "\n"
        "Faults: 1. Warnings: 1.\n",
    )


@pytest.mark.usefixtures("findings")
def test_json_is_for_machines() -> None:
    status, output = doctor("--json")
    assert status == 1
    assert json.loads(output) == [
        {"check": "first", "level": "ok", "message": "All is well.", "remedy": ""},
        {"check": "first", "level": "warning", "message": "비건 is thin.", "remedy": "Add some."},
        {"check": "second", "level": "fault", "message": "It is broken.", "remedy": "Set LEAFRESH_HOST=0.0.0.0"},
    ]
    assert "비건" in output


def test_warnings_alone_are_no_failure(findings: dict[str, list[checks.CheckMessage]]) -> None:
    del findings["second"]
    assert doctor()[0] == 0
    del findings["first"]
    assert doctor()[1].endswith("\nNothing stands between a client and the stream, as far as can be seen from here.\n")


@pytest.mark.usefixtures("findings")
def test_colour_is_for_terminals() -> None:
    assert "\x1b[" not in doctor()[1]
    assert "\x1b[" in doctor("--force-color")[1]


@pytest.mark.usefixtures("findings")
def test_a_terminal_that_cannot_show_the_marks() -> None:
    output = io.TextIOWrapper(io.BytesIO(), encoding="euc-kr")
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=output)
    output.seek(0)
    assert "  ! warning  비건 is thin.\n" in output.read()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "chat.example.com"], "--url 'chat.example.com' cannot be used. It must be an address such as "),
        (["--origin", "https://a.example/x"], "--origin 'https://a.example/x' cannot be used. It must be an origin "),
        (["--timeout", "0"], "argument --timeout: must be a number of seconds from above 0 to 3600, not '0'"),
    ],
)
def test_options_that_make_no_sense(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        doctor(*arguments)
    assert message in str(caught.value)


def test_a_port_that_is_picked_anew_needs_a_url(settings: Settings) -> None:
    settings.LEAFRESH_PORT = 0
    with pytest.raises(CommandError, match="give its address with --url"):
        doctor()


def test_the_checks_have_their_order() -> None:
    assert next(check.name for check in examination.CHECKS) == "listening"


@pytest.mark.server
def test_a_real_server_is_examined() -> None:
    """All checks pass, except that a test must not listen on an address that others can reach."""
    settings = {"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15", "LEAFRESH_CORS_ORIGINS": "https://app.example.com"}
    with RunningServer(env=settings) as server:
        options = ["--json", "--url", server.url, "--origin", "https://app.example.com"]
        with pytest.raises(subprocess.CalledProcessError) as caught:
            manage(server.data_dir, "doctor", *options, env=settings)
        left = manage(
            server.data_dir, "shell", "-v0", "-c",
            "from chatbot.models import ChatSession, Turn; print(ChatSession.objects.count(), Turn.objects.count())",
        )  # fmt: skip
    rows: list[dict[str, Any]] = json.loads(caught.value.stdout)
    troubles = {(row["check"], row["level"]) for row in rows if row["level"] != "ok"}
    assert caught.value.returncode == 1
    # hosts: only where there is a way outside; stream: only where the machine is too busy to be quick
    assert troubles - {("hosts", "warning"), ("stream", "warning")} == {("listening", "fault")}
    assert [row["message"] for row in rows if row["check"] == "cors"] == [
        "The settings let pages of https://app.example.com read streams, with credentials.",
        "The preflight that the server answers allows https://app.example.com, with credentials.",
        "The stream that the server answers allows https://app.example.com, with credentials.",
    ]
    assert sum(row["check"] == "stream" for row in rows) == 8
    assert left.strip() == "0 0"
