import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries

from challenges.models import Category
from chatbot.errors import MalformedSessionId
from chatbot.models import ChatSession, Generation, PromptVersion, Turn
from chatbot.sessions import store
from chatbot.sessions.erasure import forget
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


def test_the_conversation_is_in_order() -> None:
    first, second = generation("가"), generation("나")
    begun("s", first, second)
    conversation: dict[str, Any] = store.conversation("s")
    assert [turn["generationId"] for turn in conversation["turns"]] == [str(first), str(second)]
    turn = conversation["turns"][0]
    del turn["askedAt"]
    assert turn == {
        "generationId": str(first),
        "request": {"location": "city", "workType": "office", "category": "VEGAN"},
        "promptVersion": "base-info@1",
        "source": "catalog",
        "outcome": "completed",
        "answer": {
            "kind": "recommendation",
            "recommend": "비건!",
            "challenges": [{"title": "가", "description": "d", "category": "VEGAN", "label": "비건"}],
        },
        "notices": [],
        "feedback": None,
    }


def test_a_changed_category_is_told_again_unless_one_of_the_two_is_gone(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    asked = generation("가")
    store.add_turns([NewTurn("s", asked, replace(NOTE, message="비건으로 바꿔줘", moved_from="PLOGGING"))])
    changed = {
        "kind": "category-changed",
        "from": {"key": "PLOGGING", "label": "플로깅"},
        "to": {"key": "VEGAN", "label": "비건"},
        "undo": "플로깅으로 바꿔줘",
    }
    [turn] = store.conversation("s")["turns"]
    assert turn["notices"] == [changed]
    with django_assert_num_queries(3):
        store.conversation("s")
    Category.objects.filter(key="PLOGGING").update(active=False)
    [turn] = store.conversation("s")["turns"]
    assert turn["notices"] == []


def test_an_unknown_session_has_no_turns() -> None:
    nothing = {"sessionId": "nobody", "turns": [], "hasMore": False, "before": None}
    assert store.conversation("nobody") == nothing


def test_forgetting_erases_what_was_answered_to_this_session_alone() -> None:
    own, shared = generation("가"), generation("나")
    begun("s", own, shared)
    begun("other", shared)
    assert forget("s") == [own]
    assert list(Generation.objects.values_list("pk", flat=True)) == [shared]
    assert [session.key for session in ChatSession.objects.all()] == ["other"]
    assert forget("s") == []
