"""Checks run one by one, and a failed one does not prevent the others."""

from collections.abc import Iterable

import pytest
from django.core.checks import CheckMessage
from django.db import OperationalError
from pytest_django import Settings

from chatbot.diagnostics import database
from chatbot.diagnostics.examination import CHECKS, Check, Examination, examine
from chatbot.diagnostics.findings import found as finding
from tests.chatbot.diagnostics import recordings
from tests.chatbot.diagnostics.recordings import TARGET
from tests.chatbot.diagnostics.stub import Stub, good_replies

NAMES = ["listening", "hosts", "cors", "database", "redis", "catalogue", "prompts", "provider", "stream"]


def levels(examination: Examination) -> dict[str, list[str]]:
    return {check: recordings.levels(found) for check, found in examine(examination)}


def failing(error: Exception) -> Check:
    def run(_: Examination) -> Iterable[CheckMessage]:
        raise error

    return Check("failing", run)


@pytest.mark.django_db
def test_everything_is_examined() -> None:
    with Stub(good_replies()) as stub:
        found = levels(Examination(stub.target))
    assert list(found) == NAMES
    assert found["listening"] == ["fault"]  # the stub listens on a loopback address
    assert found["stream"] == ["ok"] * 7 + ["warning"]  # and sends everything at once


@pytest.mark.django_db
def test_offline_leaves_out_what_needs_a_server() -> None:
    with Stub({}) as stub:
        found = levels(Examination(stub.target, origin="https://app.example.com", offline=True))
        assert list(found) == NAMES[1:-1]
        assert stub.requests == []


def test_without_a_database_the_others_are_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = finding("database.silent", vendor="postgresql", reason="no route")
    monkeypatch.setattr(database, "unusable", lambda **_: gone)
    with Stub(good_replies()) as stub:
        found = levels(Examination(stub.target))
    assert [found[name] for name in NAMES[3:8]] == [["fault"], ["ok"], ["warning"], ["warning"], ["warning"]]
    assert "fault" not in found["stream"]


@pytest.mark.django_db
def test_a_server_that_is_not_there(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = []
    with Stub({}) as stub:
        pass
    found = levels(Examination(stub.target, origin="https://app.example.com"))
    assert (found["listening"], found["cors"], found["stream"]) == (["fault"], ["fault"], ["fault"])


def test_a_check_that_fails_does_not_stop_the_next() -> None:
    checks = [
        failing(RuntimeError("oh")),
        failing(OperationalError("no such table: x\nmore")),
        Check("fine", lambda _: [finding("database.migrated")]),
    ]
    assert [found[0].msg for _, found in examine(Examination(TARGET), checks)] == [
        "The check itself failed: RuntimeError: oh",
        "The database does not hold what is needed: no such table: x",
        "Every migration is applied.",
    ]


def test_no_finding_of_a_failing_check_holds_a_secret(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", "hunter2")
    check = failing(RuntimeError("postgres://leaf:hunter2@db failed: hunter2"))
    assert [found[0].msg for _, found in examine(Examination(TARGET), [check])] == [
        "The check itself failed: RuntimeError: postgres://leaf:***@db failed: ***"
    ]


def test_names_are_unique() -> None:
    assert [check.name for check in CHECKS] == NAMES
