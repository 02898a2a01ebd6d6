import random

import pytest

from challenges.catalog import Choice, Options
from chatbot.dialogue.next_selection import NextSelection, resolve_selection
from chatbot.errors import ApplicationError
from chatbot.models import Intent
from chatbot.nlu.intents.understanding import Understanding
from chatbot.sessions.memory import Exchange, Memory


def choices(*labels: str) -> dict[str, Choice]:
    return {label.upper(): Choice(label.upper(), label) for label in labels}


KNOWN = Options(choices("city", "beach"), choices("office", "field"), choices("a", "b", "c", "d"), {})
MEMORY = Memory("BEACH", "FIELD", "A", "B", (Exchange("", "BEACH", "FIELD", "A", None),))


def course(
    understanding: Understanding, memory: Memory = MEMORY, *, seed: int = 1, **options: str | set[str]
) -> NextSelection:
    return resolve_selection(understanding, memory, KNOWN, chance=random.Random(seed), **options)  # type: ignore[arg-type]


def keys(course: NextSelection) -> tuple[str, str, str]:
    selection = course.selection
    return selection.location.key, selection.work_type.key, selection.category.key


@pytest.mark.parametrize("intent", [Intent.ASK, Intent.OTHER, Intent.REFINE, Intent.OFF_TOPIC, Intent.THANKS])
def test_a_session_stays_where_it_is(intent: Intent) -> None:
    stayed = course(Understanding(intent))
    assert (keys(stayed), stayed.assumed, stayed.moved_from) == (("BEACH", "FIELD", "B"), (), None)


def test_another_category_is_gone_to() -> None:
    moved = course(Understanding(Intent.CHANGE, category="C"))
    assert (keys(moved)[2], moved.moved_from) == ("C", KNOWN.categories["B"])


def test_back_is_where_it_began() -> None:
    assert keys(course(Understanding(Intent.BACK)))[2] == "A"
    assert course(Understanding(Intent.BACK), Memory("CITY", "OFFICE", "A", "A")).moved_from is None


def test_any_other_is_one_that_was_not_talked_about() -> None:
    went = {keys(course(Understanding(Intent.ANY), seed=seed))[2] for seed in range(30)}
    assert went == {"C", "D"}
    avoiding = {keys(course(Understanding(Intent.ANY, avoid=frozenset({"C"})), seed=seed))[2] for seed in range(30)}
    assert avoiding == {"D"}


def test_something_else_leaves_a_category_of_which_all_was_seen() -> None:
    assert keys(course(Understanding(Intent.OTHER), spent={"B"}))[2] in {"C", "D"}


def test_unknown_options_are_assumed_and_marked() -> None:
    assumed = course(Understanding(Intent.ASK), Memory())
    assert (keys(assumed), assumed.assumed) == (("CITY", "OFFICE", "A"), ("category", "location", "workType"))
    named = course(Understanding(Intent.CHANGE, category="C", location="BEACH"), Memory())
    assert (keys(named), named.assumed, named.moved_from) == (("BEACH", "OFFICE", "C"), ("workType",), None)
    assert keys(course(Understanding(Intent.ASK), Memory(), likely="D"))[2] == "D"


def test_what_can_no_longer_be_picked_is_assumed_anew() -> None:
    gone = course(Understanding(Intent.ASK), Memory("MOON", "FIELD", "Z", "Z"))
    assert (keys(gone), gone.assumed, gone.moved_from) == (("CITY", "FIELD", "A"), ("category", "location"), None)


def test_without_anything_to_pick_there_is_no_course() -> None:
    with pytest.raises(ApplicationError) as caught:
        resolve_selection(Understanding(Intent.ASK), MEMORY, Options({}, {}, {}, {}), chance=random.Random(1))
    assert caught.value.status == 503
