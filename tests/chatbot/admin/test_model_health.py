"""The admin's first page says at once that a model does not answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chatbot.admin.model_health import ModelHealth, model_health
from chatbot.models import Generation, PromptVersion, Purpose

pytestmark = pytest.mark.django_db

GONE = "openai:a: connection refused"


def _generation(*tried: tuple[str, str], minutes: int = 0, outcome: str = "completed", **more: Any) -> Generation:
    entries = [{"source": source, "error": error} for source, error in tried]
    version = PromptVersion.objects.get(template__key="base-info", number=1)
    wrote = next((source for source, error in reversed(tried) if not error), tried[0][0])
    values = {"prompt_version": version, "source": wrote, "tried": entries, "outcome": outcome, "event_count": 1}
    selection = {"location": "city", "work_type": "office", "category": "VEGAN", "seed": 1}
    made = Generation.objects.create(**{**values, **selection, **more})
    Generation.objects.filter(pk=made.pk).update(started_at=timezone.now() - timedelta(minutes=minutes))
    return made


def _facts(health: ModelHealth) -> tuple[Any, ...]:
    return health.name, health.state, health.attempts, health.failed, dict(health.replaced_by), health.last_error


def test_a_model_that_is_down_is_first_with_what_replaced_it(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for minutes in range(4):
        _generation(("openai:a", GONE), ("catalog", ""), minutes=minutes)
    _generation(("openai:a", ""), minutes=9, first_token_ms=300)
    _generation(("openai:b", ""), first_token_ms=500)
    with django_assert_num_queries(1):
        found = model_health()
    assert [_facts(each) for each in found] == [
        ("openai:a", "down", 5, 4, {"catalog": 4}, GONE),
        ("openai:b", "well", 1, 0, {}, ""),
    ]
    assert [each.first_token_seconds for each in found] == [0.3, 0.5]


def test_a_model_that_fails_now_and_then_is_in_trouble(db: None) -> None:
    for minutes in range(10):
        _generation(
            ("openai:a", GONE if minutes == 5 else ""), *([("catalog", "")] if minutes == 5 else []), minutes=minutes
        )
    assert [each.state for each in model_health()] == ["troubled"]


def test_trials_and_what_the_catalogue_writes_and_stopped_answers_do_not_count() -> None:
    _generation(("openai:a", GONE), purpose=Purpose.TRIAL)
    _generation(("openai:a", GONE), purpose=Purpose.CHECK)
    _generation(("catalog", ""))
    _generation(("openai:a", ""), outcome="stopped")
    _generation(("openai:a", GONE), minutes=25 * 60)
    assert model_health() == []


def test_the_first_page_shows_it_and_counts_what_people_asked_for_alone(page: Client) -> None:
    for _number in range(3):
        _generation(("openai:a", GONE), ("catalog", ""))
    _generation(("openai:a", ""), purpose=Purpose.TRIAL)
    html = page.get("/admin/").content.decode()
    assert all(text in html for text in ("openai:a", "does not answer", "3 (100%)", "catalog 3", GONE))
    card = next(card for card in page.get("/admin/").context["cards"] if card[0] == "Generations in 24 hours")
    assert card[1] == "3"


def test_an_answer_that_could_not_be_used_says_what_was_wrong(page: Client) -> None:
    made = _generation(("openai:a", "openai:a: parts of the answer could not be used (repetition 2)"), ("catalog", ""))
    made.tried[0]["unusable"] = {"repetition": 2}
    made.save(update_fields=["tried"])
    html = page.get(f"/admin/chatbot/generation/{made.pk}/change/").content.decode()
    assert "could not be used: repetition left out 2" in html
