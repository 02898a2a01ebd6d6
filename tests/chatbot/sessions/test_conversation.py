from dataclasses import replace
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from challenges.models import Category
from chatbot.models import Generation, Outcome
from chatbot.sessions import store
from chatbot.sessions.conversation import conversation
from chatbot.sessions.store import NewTurn
from tests.chatbot.sessions.test_store import NOTE, begun, generation

pytestmark = pytest.mark.django_db


def test_the_conversation_is_in_order() -> None:
    first, second = generation("가"), generation("나")
    begun("s", first, second)
    turns: list[dict[str, Any]] = conversation("s")["turns"]
    assert [turn["generationId"] for turn in turns] == [str(first), str(second)]
    turn = turns[0]
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
    [turn] = conversation("s")["turns"]
    assert turn["notices"] == [changed]
    with django_assert_num_queries(3):
        conversation("s")
    Category.objects.filter(key="PLOGGING").update(active=False)
    [turn] = conversation("s")["turns"]
    assert turn["notices"] == []


def test_of_attempts_that_a_client_left_the_last_one_is_shown() -> None:
    """A hidden tab closes its stream by itself, and asks again when it is seen."""
    left, again, other, answered = (generation(title) for title in "가나다라")
    begun("s", left, again)
    store.add_turns([NewTurn("s", each, replace(NOTE, message="고마워")) for each in (other, answered)])
    Generation.objects.filter(pk__in=[left, again, other]).update(outcome=Outcome.ABANDONED, answer=None)
    shown = [turn["generationId"] for turn in conversation("s")["turns"]]
    assert shown == [str(again), str(answered)]
    page = conversation("s", limit=2)
    assert ([turn["generationId"] for turn in page["turns"]], page["before"]) == ([str(answered)], str(other))


def test_an_unknown_session_has_no_turns() -> None:
    nothing = {"sessionId": "nobody", "turns": [], "hasMore": False, "before": None}
    assert conversation("nobody") == nothing
