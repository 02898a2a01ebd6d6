"""Sessions expire, and purged data is deleted from every table."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from chatbot.models import (
    ChatSession,
    Feedback,
    Generation,
    Outcome,
    PromptCheck,
    PromptRelease,
    PromptVersion,
    Purpose,
    SampleRun,
    Turn,
)
from chatbot.sessions import erasure, retention
from chatbot.sessions.erasure import Rows
from chatbot.sessions.retention import purge, purgeable

pytestmark = pytest.mark.django_db

MARKER = "꽁꽁숨긴비밀"
"""A person's text that the tests search in all columns."""


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def base_info() -> PromptVersion:
    return PromptVersion.objects.get(template__key="base-info")


def generation(*, days: float = 100, text: str = "", **fields: Any) -> Generation:
    """One that ended so many days ago; ``text`` is in everything that is written of it."""
    answer = {"kind": "recommendation", "recommend": text, "challenges": []}
    row: dict[str, Any] = {
        "prompt_version": PromptVersion.objects.get(template__key="base-info"),
        "source": "catalog",
        "location": "city",
        "work_type": "office",
        "category": "VEGAN",
        "seed": 1,
        "outcome": Outcome.COMPLETED,
        "answer": answer,
        "event_count": 5,
        "variables": {"message": text},
        "user_prompt": text,
        "raw_text": text,
        **fields,
    }
    if row["outcome"] == Outcome.RUNNING:
        row |= {"answer": None, "event_count": None}
    made = Generation.objects.create(**row)
    Generation.objects.filter(pk=made.pk).update(started_at=ago(days))
    return made


def session(key: str, *answered: Generation, days: float = 100, text: str = "") -> ChatSession:
    """One that was last active so many days ago and asked for these generations."""
    made = ChatSession.objects.create(key=key, active_at=ago(days))
    for each in answered:
        Turn.objects.create(
            session=made, generation=each, message=text, reasons=[{"code": text}], found=[{"title": text}]
        )
        Feedback.objects.create(session=made, generation=each, thumb="up", reason=text)
    return made


def ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  a table's own name
            found[table] = cursor.fetchall()
    return found


def tables_with(text: str) -> set[str]:
    escaped = text.encode("unicode_escape").decode()  # as JSON may keep it
    return {table for table, rows in everything().items() if text in str(rows) or escaped in str(rows)}


@pytest.mark.parametrize(("days", "gone"), [(0, False), (89.99, False), (90.01, True), (1000, True)])
def test_a_session_expires_so_many_days_after_it_was_last_active(days: float, gone: bool) -> None:
    session("s", days=days)
    purge()
    assert ChatSession.objects.exists() is not gone


def test_the_days_are_a_setting(settings: Settings) -> None:
    settings.LEAFRESH_SESSION_DAYS = 7
    session("new", days=6.9)
    session("old", days=7.1)
    assert purge() == {"ChatSession": 1}
    assert ChatSession.objects.get().key == "new"


def test_nothing_of_a_purged_session_is_left_in_any_table() -> None:
    session(f"person-{MARKER}", generation(text=MARKER), generation(text=MARKER), text=MARKER)
    assert tables_with(MARKER) == {"chatbot_chatsession", "chatbot_turn", "chatbot_feedback", "chatbot_generation"}
    assert purge() == {"ChatSession": 1, "Turn": 2, "Feedback": 2, "Generation": 2}
    assert tables_with(MARKER) == set()


def test_what_answers_a_session_that_is_used_stays() -> None:
    shared, own, kept = generation(), generation(), generation(days=1)
    session("expired", shared, own)
    session("alive", shared, kept, days=89)
    assert purge() == {"ChatSession": 1, "Turn": 2, "Feedback": 2, "Generation": 1}
    assert set(Generation.objects.all()) == {shared, kept}
    assert set(Turn.objects.values_list("session_id", "generation_id")) == {("alive", shared.pk), ("alive", kept.pk)}
    assert set(Feedback.objects.values_list("session_id", flat=True)) == {"alive"}


def test_what_several_expired_sessions_share_goes_with_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 1)
    shared = generation()
    for number in range(3):
        session(f"s{number}", shared)
    assert purge() == {"ChatSession": 3, "Turn": 3, "Feedback": 3, "Generation": 1}


def test_generations_of_nobody_go_when_they_are_as_old() -> None:
    session("alive", generation(), days=1)
    for purpose, version in (
        (Purpose.PUBLIC, PromptVersion.objects.get(template__key="base-info")),
        (Purpose.TRIAL, None),
        (Purpose.CHECK, None),
    ):
        generation(days=91, text=MARKER, purpose=purpose, prompt_version=version)
        generation(days=89, purpose=purpose, prompt_version=version)
    assert purge() == {"Generation": 3}
    assert Generation.objects.count() == 4
    assert tables_with(MARKER) == set()


def test_what_runs_stays_with_the_sessions_that_wait_for_it() -> None:
    running = generation(outcome=Outcome.RUNNING)
    session("waiting", running, generation())
    session("expired", generation())
    generation(outcome=Outcome.RUNNING)
    generation(outcome=Outcome.RUNNING, purpose=Purpose.TRIAL)
    assert purge() == {"ChatSession": 1, "Turn": 1, "Feedback": 1, "Generation": 1}
    assert ChatSession.objects.get().key == "waiting"
    assert Generation.objects.filter(outcome=Outcome.RUNNING).count() == 3
    Generation.objects.filter(outcome=Outcome.RUNNING).update(outcome=Outcome.INTERRUPTED, event_count=0)
    assert purge() == {"ChatSession": 1, "Turn": 2, "Feedback": 2, "Generation": 4}
    assert not Generation.objects.exists()


def test_prompts_their_releases_and_checks_are_none_of_its_business() -> None:
    version = PromptVersion.objects.get(template__key="base-info")
    check = PromptCheck.objects.create(template=version.template, user_text="x", content_hash="h")
    PromptCheck.objects.update(started_at=ago(500))
    SampleRun.objects.create(check_run=check, position=1)
    generation()
    names = {model._meta.db_table for model in apps.get_models()} - {"chatbot_generation"}
    before = {table: rows for table, rows in everything().items() if table in names}
    assert before["chatbot_promptversion"]
    assert PromptRelease.objects.exists()
    assert purge() == {"Generation": 1}
    assert {table: rows for table, rows in everything().items() if table in names} == before


def test_a_dry_run_foretells_and_changes_nothing() -> None:
    shared = generation()
    session("expired", shared, generation(), generation(days=1))
    session("other", shared, generation(days=0))
    session("alive", shared, generation(), days=1)
    session("waiting", generation(outcome=Outcome.RUNNING))
    generation()
    generation(days=1)
    generation(purpose=Purpose.TRIAL, prompt_version=None)
    before = everything()
    foretold = purgeable()
    assert foretold == {"ChatSession": 2, "Turn": 5, "Feedback": 5, "Generation": 5}
    assert everything() == before
    assert purge() == foretold


def test_a_second_run_finds_nothing() -> None:
    session("expired", generation())
    assert purge()
    assert (purge(), purgeable()) == (Rows(), Rows())


@pytest.mark.parametrize("batch", [1, 2, 3, 7])
def test_it_goes_through_everything_in_small_batches(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(erasure, "BATCH", batch)
    for number in range(4):
        session(f"s{number}", *(generation() for _ in range(number)), days=100 + number)
    session("alive", *(generation() for _ in range(5)), days=1)
    for _ in range(5):
        generation()
    Generation.objects.filter(turns=None).update(started_at=ago(200))  # all at the same moment
    assert purge() == {"ChatSession": 4, "Turn": 6, "Feedback": 6, "Generation": 11}
    assert (ChatSession.objects.count(), Turn.objects.count(), Generation.objects.count()) == (1, 5, 5)


def test_the_number_of_statements_grows_with_batches_not_with_rows(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(60):
        session(f"s{number}", generation())
    with django_assert_max_num_queries(40):
        assert purge()["ChatSession"] == 60


def test_a_session_that_is_used_again_between_two_batches_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 1)
    session("first", days=300)
    session("second", days=200)

    def wake(seconds: float) -> None:
        ChatSession.objects.filter(key="second").update(active_at=timezone.now())

    monkeypatch.setattr(time, "sleep", wake)
    assert purge() == {"ChatSession": 1}
    assert ChatSession.objects.get().key == "second"


def test_a_generation_that_is_asked_for_before_its_batch_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    left = generation()
    erase: Callable[[Any], list[uuid.UUID]] = erasure.erase_lone

    def ask_first(generation_ids: list[uuid.UUID]) -> list[uuid.UUID]:
        if left.pk in generation_ids:
            session("late", left, days=0)
        return erase(generation_ids)

    monkeypatch.setattr(retention, "erase_lone", ask_first)
    assert purge() == {}
    assert Generation.objects.get() == left
