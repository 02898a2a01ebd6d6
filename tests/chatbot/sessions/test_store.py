import uuid

import pytest
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries

from chatbot.errors import MalformedSessionId
from chatbot.models import Generation, PromptVersion, Turn
from chatbot.sessions import store
from chatbot.sessions.memory import Note, recall
from chatbot.sessions.store import NewTurn

pytestmark = pytest.mark.django_db


NOTE = Note("city", "office", "VEGAN", "VEGAN")


def generation(*titles: str) -> uuid.UUID:
    """A finished generation that gave challenges with these titles."""
    challenges = [{"title": title, "description": "d", "category": "VEGAN", "label": "비건"} for title in titles]
    return Generation.objects.create(
        prompt_version=PromptVersion.objects.get(template__key="base-info"),
        source="catalog",
        location="city",
        work_type="office",
        category="VEGAN",
        seed=1,
        outcome="completed",
        answer={"kind": "recommendation", "recommend": "비건!", "challenges": challenges},
        event_count=5,
    ).pk


def begun(key: str, *generations: uuid.UUID) -> str:
    for generation_id in generations:
        store.add_turns([NewTurn(key, generation_id, NOTE)])
    return key


@pytest.mark.parametrize("key", ["a", "user-123", "!~" * 64])
def test_visible_ascii_is_a_session_id(key: str) -> None:
    assert store.session_key(key) == key


@pytest.mark.parametrize("key", [" ", "a b", "세션", "a\n", "\x7f", "s" * 129, "é"])
def test_anything_else_is_not(key: str) -> None:
    with pytest.raises(MalformedSessionId):
        store.session_key(key)


@pytest.mark.parametrize("key", [None, ""])
def test_a_missing_one_is_made(key: str | None) -> None:
    made = store.session_key(key)
    assert made != store.session_key(key)
    assert store.session_key(made) == made


def test_what_was_given_is_told_the_latest_last_each_once() -> None:
    key = begun("s", generation("가", "나", "다"), generation("라", "가", "마"))
    assert recall([key])[key].given == ["나", "다", "라", "가", "마"]


def test_turns_cost_two_statements_and_recalling_them_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first, second = generation("가"), generation("나")
    with django_assert_num_queries(2):
        store.add_turns([NewTurn("s", first, NOTE)])
    with django_assert_num_queries(2):
        store.add_turns([NewTurn("s", second, NOTE), NewTurn("t", second, NOTE), NewTurn("s", first, NOTE)])
    with django_assert_num_queries(1):
        assert recall(["s"])["s"].given == ["가", "나"]


def test_a_turn_is_noted_once() -> None:
    asked = generation()
    begun("s", asked, asked)
    assert Turn.objects.count() == 1
    with pytest.raises(IntegrityError):
        Turn.objects.create(session_id="s", generation_id=asked)
