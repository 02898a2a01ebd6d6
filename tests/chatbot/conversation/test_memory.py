import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from chatbot.conversation import sessions
from chatbot.conversation.intents.understanding import GivenChallenge
from chatbot.conversation.memory import Exchange, Memory, Note, recall
from chatbot.conversation.sessions import NewTurn
from chatbot.models import ChatSession, Generation, PromptVersion, Turn

pytestmark = pytest.mark.django_db

PICKED = Note("city", "office", "VEGAN", "VEGAN")


def answer(*titles: str, kind: str = "recommendation", recommend: str = "비건!") -> dict[str, Any]:
    challenges = [{"title": each, "description": f"{each}요.", "category": "VEGAN", "label": "비건"} for each in titles]
    return {"kind": kind, "recommend": recommend, "challenges": challenges}


def generation(given: dict[str, Any] | None) -> uuid.UUID:
    return Generation.objects.create(
        prompt_version=PromptVersion.objects.get(template__key="free-text"),
        source="catalog",
        location="city",
        work_type="office",
        category="VEGAN",
        seed=1,
        outcome="completed" if given else "interrupted",
        answer=given,
        event_count=5,
    ).pk


def test_an_unknown_session_remembers_nothing(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert recall(["nobody"]) == {}


def test_what_was_picked_said_and_answered_is_remembered_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    first, second, third = answer("가", "나", "다"), answer(kind="smalltalk", recommend="고마워요!"), None
    sessions.add_turns([NewTurn("s", generation(first), PICKED)])
    sessions.add_turns([NewTurn("s", generation(second), Note(message="고마워", intent="thanks"))])
    sessions.add_turns([NewTurn("s", generation(third), Note(message="다른 거", intent="other"))])
    with django_assert_num_queries(1):
        memory = recall(["s"])["s"]
    assert (memory.location, memory.work_type, memory.base_category, memory.category) == (
        *("city", "office", "VEGAN", "VEGAN"),
    )
    assert memory.exchanges == (
        Exchange("", "city", "office", "VEGAN", first),
        Exchange("고마워", "city", "office", "VEGAN", second),
        Exchange("다른 거", "city", "office", "VEGAN", third),
    )
    assert memory.given == ["가", "나", "다"]
    assert memory.said == ["비건!", "고마워요!"]
    assert memory.shown == [GivenChallenge(each, f"{each}요.", "VEGAN") for each in ("가", "나", "다")]


def test_a_note_changes_what_it_names_and_leaves_the_rest() -> None:
    sessions.add_turns([NewTurn("s", generation(None), PICKED)])
    moved = Note(category="PLOGGING", message="플로깅", intent="change", moved_from="VEGAN", reasons=[{"code": "x"}])
    sessions.add_turns([NewTurn("s", generation(None), moved)])
    memory = recall(["s"])["s"]
    assert (memory.location, memory.base_category, memory.category) == ("city", "VEGAN", "PLOGGING")
    turn = Turn.objects.last()
    assert turn is not None
    assert (turn.message, turn.intent, turn.moved_from, turn.reasons, turn.found) == (
        *("플로깅", "change", "VEGAN", [{"code": "x"}], []),
    )


def test_an_expired_session_is_as_good_as_forgotten(settings: Settings) -> None:
    settings.LEAFRESH_SESSION_DAYS = 90
    sessions.add_turns([NewTurn("old", generation(answer("가", "나", "다")), PICKED)])
    sessions.add_turns([NewTurn("new", generation(answer("라", "마", "바")), PICKED)])
    ChatSession.objects.filter(pk="old").update(active_at=timezone.now() - timedelta(days=91))
    assert sessions.conversation("old") == {"sessionId": "old", "turns": [], "hasMore": False, "before": None}
    assert sessions.remembered(["old"]) == {"old": Memory()}
    assert sessions.remembered(["new"])["new"].given == ["라", "마", "바"]
    assert [row.pk for row in ChatSession.objects.all()] == ["new"]
    assert Generation.objects.count() == 1


def test_a_session_that_lives_again_is_not_erased_by_who_saw_it_expired() -> None:
    sessions.add_turns([NewTurn("s", generation(answer("가", "나", "다")), PICKED)])
    assert sessions.forget("s", only_if_expired=True) == []
    assert recall(["s"])["s"].given == ["가", "나", "다"]
