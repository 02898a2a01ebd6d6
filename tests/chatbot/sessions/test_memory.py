import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from chatbot.answers.rules import Challenge
from chatbot.models import ChatSession, Generation, PromptVersion, Turn
from chatbot.sessions import memory, store
from chatbot.sessions.conversation import conversation
from chatbot.sessions.erasure import forgetting
from chatbot.sessions.memory import Exchange, Memory, Note, note_given, recall
from chatbot.sessions.ownership import Ownership
from chatbot.sessions.store import NewTurn

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
    store.add_turns([NewTurn("s", generation(first), PICKED)])
    store.add_turns([NewTurn("s", generation(second), Note(message="고마워", intent="thanks"))])
    store.add_turns([NewTurn("s", generation(third), Note(message="다른 거", intent="other"))])
    with django_assert_num_queries(1):
        known = recall(["s"])["s"]
    assert (known.location, known.work_type, known.base_category, known.category) == (
        *("city", "office", "VEGAN", "VEGAN"),
    )
    assert known.exchanges == (
        Exchange("", "city", "office", "VEGAN", first),
        Exchange("고마워", "city", "office", "VEGAN", second, "thanks"),
        Exchange("다른 거", "city", "office", "VEGAN", third, "other"),
    )
    assert known.given == ["가", "나", "다"]
    assert known.said == ["비건!", "고마워요!"]
    assert known.shown == [Challenge(each, f"{each}요.", "VEGAN", "비건") for each in ("가", "나", "다")]


def test_a_note_changes_what_it_names_and_leaves_the_rest() -> None:
    store.add_turns([NewTurn("s", generation(None), PICKED)])
    moved = Note(category="PLOGGING", message="플로깅", intent="change", moved_from="VEGAN", reasons=[{"code": "x"}])
    store.add_turns([NewTurn("s", generation(None), moved)])
    known = recall(["s"])["s"]
    assert (known.location, known.base_category, known.category) == ("city", "VEGAN", "PLOGGING")
    turn = Turn.objects.last()
    assert turn is not None
    assert (turn.message, turn.intent, turn.moved_from, turn.reasons, turn.found) == (
        *("플로깅", "change", "VEGAN", [{"code": "x"}], []),
    )


def long_session(key: str, turns: int, *, shift: int = 0) -> list[str]:
    """One with as many turns, each of which gave three different titles; returns these in order."""
    titles = [f"할 일 {shift + number}" for number in range(3 * turns)]
    for number in range(turns):
        ended(key, answer(*titles[3 * number : 3 * number + 3]), Note(message=f"{number}", category="VEGAN"))
    return titles


def ended(key: str, given: dict[str, Any], note: Note = PICKED) -> uuid.UUID:
    """A turn with its answer, as the service writes them."""
    made = generation(given)
    store.add_turns([NewTurn(key, made, note)])
    note_given({made: given})
    return made


def test_of_a_long_session_the_newest_exchanges_are_remembered_and_every_title(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    titles = long_session("long", 40)
    long_session("short", 29, shift=1000)
    with django_assert_num_queries(1):
        memories = recall(["long", "short"])
    assert [exchange.message for exchange in memories["long"].exchanges] == [str(it) for it in range(10, 40)]
    assert memories["long"].given == titles
    assert len(memories["short"].exchanges) == 29
    assert memories["short"].given == [f"할 일 {1000 + number}" for number in range(87)]


def steps_of_sqlite(key: str) -> int:
    """Hundreds of instructions that SQLite carries out to recall a session."""
    steps: list[None] = []
    connection.ensure_connection()
    connection.connection.set_progress_handler(lambda: steps.append(None), 100)
    try:
        recall([key])
    finally:
        connection.connection.set_progress_handler(None, 0)
    return len(steps)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="counts SQLite's instructions")
def test_a_session_of_ten_times_the_turns_is_recalled_with_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REMEMBERED_TITLES", 60)
    long_session("short", 40)
    long_session("long", 400, shift=1000)
    assert steps_of_sqlite("long") < 1.1 * steps_of_sqlite("short")


def test_a_title_that_was_given_again_counts_as_given_lately() -> None:
    titles = long_session("s", 40)
    ended("s", answer(titles[1], titles[0], titles[2]))
    assert recall(["s"])["s"].given == [*titles[3:], titles[1], titles[0], titles[2]]


def test_titles_are_remembered_up_to_a_bound_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "REMEMBERED_TITLES", 100)
    titles = long_session("s", 40)
    assert recall(["s"])["s"].given == titles[-100:]


def test_what_a_session_gives_up_it_has_not_been_given() -> None:
    long_session("s", 35)
    next(forgetting("s"))
    assert recall(["s"]) == {}
    titles = long_session("s", 31, shift=500)
    assert recall(["s"])["s"].given == titles


def test_an_expired_session_begins_again_without_its_past(settings: Settings) -> None:
    settings.LEAFRESH_SESSION_DAYS = 90
    long_session("old", 35)
    ended("new", answer("라", "마", "바"))
    ChatSession.objects.filter(pk="old").update(active_at=timezone.now() - timedelta(days=91))
    nothing = {"sessionId": "old", "turns": [], "hasMore": False, "before": None}
    assert conversation("old") == nothing
    assert store.remembered(["old"]) == {"old": Memory(ownership=Ownership())}
    assert conversation("old") == nothing
    assert store.remembered(["new"])["new"].given == ["라", "마", "바"]
    asked = ended("old", answer("사", "아", "자"), Note(message="안녕"))
    assert store.remembered(["old"])["old"] == Memory(
        exchanges=(Exchange("안녕", "city", "office", "VEGAN", answer("사", "아", "자")),),
        active_at=ChatSession.objects.get(pk="old").active_at,
        ownership=Ownership(),
    )
    assert [turn["generationId"] for turn in conversation("old")["turns"]] == [str(asked)]


@pytest.mark.parametrize("asks", [False, True])
def test_a_clock_that_jumps_ahead_and_back_costs_no_conversation(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, asks: bool
) -> None:
    settings.LEAFRESH_SESSION_DAYS = 90
    titles = long_session("s", 35)
    now = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: now() + timedelta(days=100))
    assert conversation("s")["turns"] == []
    assert store.remembered(["s"]) == {"s": Memory(ownership=Ownership())}
    if asks:
        ended("s", answer("라", "마", "바"))
        assert store.remembered(["s"])["s"].given == ["라", "마", "바"]
    monkeypatch.setattr(timezone, "now", now)
    assert len(conversation("s", limit=200)["turns"]) == 35 + asks
    assert store.remembered(["s"])["s"].given == [*titles, *(["라", "마", "바"] if asks else [])]


def test_a_session_that_was_used_meanwhile_keeps_its_past() -> None:
    ended("s", answer("가", "나", "다"))
    ended("s", answer("라"))
    assert recall(["s"])["s"].given == ["가", "나", "다", "라"]
