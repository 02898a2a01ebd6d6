"""A forgotten session is erased in short steps, and is not visible while that lasts."""

import uuid
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatbot.errors import NotFound, NotOwner
from chatbot.models import ChatSession, Feedback, Generation, GivenTitle, Turn
from chatbot.sessions import erasure, feedback, ownership, store
from chatbot.sessions.conversation import conversation
from chatbot.sessions.memory import Note, note_given, recall
from chatbot.sessions.ownership import NO_PROOF, Ownership, Proof
from chatbot.sessions.retention import purge
from tests.chatbot.sessions.test_store import NOTE, begun, generation

pytestmark = pytest.mark.django_db

ROWS = (ChatSession, Turn, Feedback, GivenTitle, Generation)


@pytest.fixture(autouse=True)
def generation_ids(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    """A session of ten turns with thumbs and given titles, of which one is shared with another session."""
    monkeypatch.setattr(erasure, "BATCH", 3)
    monkeypatch.setattr(erasure, "TITLES", 3)
    generations = [generation(f"할 일 {number}") for number in range(10)]
    begun("s", *generations)
    begun("other", generations[4])
    for generation_id in generations:
        feedback.give(session_key="s", generation_id=generation_id, thumb="up")
    feedback.give(session_key="other", generation_id=generations[4], thumb="down")
    note_given({row.pk: row.answer for row in Generation.objects.all()})
    return generations


def rows() -> list[int]:
    return [model._default_manager.count() for model in ROWS]


def test_each_step_erases_a_few_rows_and_the_first_hides_them_all(generation_ids: list[uuid.UUID]) -> None:
    assert rows() == [2, 11, 11, 11, 10]
    seen = []
    erased = []
    with CaptureQueriesContext(connection) as queries:
        for generations in erasure.forgetting("s"):
            erased += generations
            seen.append(rows())
            assert conversation("s")["turns"] == []
            assert recall(["s"]) == {}
            with pytest.raises(NotFound):
                feedback.withdraw(session_key="s", generation_id=generation_ids[9])
    assert seen[0] == [2, 11, 11, 11, 10]  # only marked
    assert seen[-1] == [1, 1, 1, 1, 1]
    assert all(before[at] - after[at] <= 3 for before, after in pairwise(seen) for at in range(len(ROWS)))
    assert sorted(erased) == sorted(set(generation_ids) - {generation_ids[4]})
    assert sum("SAVEPOINT" in query["sql"] for query in queries.captured_queries) >= 2 * len(seen)
    assert [turn["generationId"] for turn in conversation("other")["turns"]] == [str(generation_ids[4])]


def test_a_request_during_the_erasure_begins_a_new_conversation(generation_ids: list[uuid.UUID]) -> None:
    steps = erasure.forgetting("s")
    next(steps)
    later = generation("새로운 일")
    store.add_turns([store.NewTurn("s", later, Note(message="안녕", category="PLOGGING"))])
    note_given({later: Generation.objects.get(pk=later).answer})
    assert recall(["s"])["s"].given == ["새로운 일"]
    list(steps)
    memory = recall(["s"])["s"]
    assert (memory.given, memory.location, memory.base_category, memory.category) == (["새로운 일"], "", "", "PLOGGING")
    assert rows() == [2, 2, 1, 2, 2]
    assert ChatSession.objects.get(pk="s").forgotten_through == 0


def test_the_client_that_begins_it_again_owns_it(generation_ids: list[uuid.UUID]) -> None:
    ChatSession.objects.filter(pk="s").update(owner="a" * 32, bound=True)
    steps = erasure.forgetting("s")
    next(steps)
    assert store.check_owner("s", NO_PROOF, private=True) is None
    access = ownership.check_access(None, Proof(owner_keys=("mine",)), "s")
    rows = store.add_turns([store.NewTurn("s", generation("새로운 일"), NOTE, access)])
    assert rows == {"s": Ownership(ownership.owner_of("mine"), bound=True)}
    list(steps)
    with pytest.raises(NotOwner):
        store.check_owner("s", NO_PROOF)


def test_the_next_run_erases_the_rest_after_an_interruption(generation_ids: list[uuid.UUID]) -> None:
    steps = erasure.forgetting("s")
    next(steps)
    next(steps)
    del steps
    assert len(erasure.forget("s")) == 7 - 1  # three were erased, one is shared
    assert rows() == [1, 1, 1, 1, 1]


def test_what_a_stop_half_way_left_is_erased_by_the_purge(
    generation_ids: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    steps = erasure.forgetting("s")
    next(steps)
    next(steps)
    del steps
    assert purge() == {"ChatSession": 1, "Turn": 7, "Feedback": 7, "GivenTitle": 7, "Generation": 6}
    assert rows() == [1, 1, 1, 1, 1]


def test_generations_of_other_sessions_are_kept(generation_ids: list[uuid.UUID]) -> None:
    erased = [each for step in erasure.forgetting("s", spare={generation_ids[0]}) for each in step]
    assert generation_ids[0] not in erased
    assert set(Generation.objects.values_list("pk", flat=True)) == {generation_ids[0], generation_ids[4]}


def test_an_unknown_session_has_nothing_to_forget() -> None:
    assert erasure.forget("nobody") == []


def test_a_running_generation_is_erased_with_its_session() -> None:
    running = Generation.objects.create(
        prompt_version_id=Generation.objects.values_list("prompt_version_id", flat=True)[0],
        source="catalog",
        location="city",
        work_type="office",
        category="VEGAN",
        seed=1,
    )
    store.add_turns([store.NewTurn("runs", running.pk, NOTE)])
    assert erasure.forget("runs") == [running.pk]


def test_forgetting_erases_what_was_answered_to_this_session_alone() -> None:
    Generation.objects.all().delete()
    ChatSession.objects.all().delete()
    own, shared = generation("가"), generation("나")
    begun("s", own, shared)
    begun("other", shared)
    assert erasure.forget("s") == [own]
    assert list(Generation.objects.values_list("pk", flat=True)) == [shared]
    assert [session.key for session in ChatSession.objects.all()] == ["other"]
    assert erasure.forget("s") == []
