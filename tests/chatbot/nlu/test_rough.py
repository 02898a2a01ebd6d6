"""Understanding messages without the analyser."""

from collections.abc import Callable
from unicodedata import normalize

import pytest
from hypothesis import given, strategies

from challenges.catalog import Options
from challenges.text import storable
from chatbot.models import Intent
from chatbot.nlu.analyser_manager import names_of
from chatbot.nlu.intents.understand import understand
from chatbot.nlu.intents.understanding import TurnInput, Understanding
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.nlu.rough import RoughAnalyser, readings
from chatbot.nlu.safety.word_lists import WordLists
from chatbot.sessions.memory import Memory


@pytest.fixture(scope="module")
def rough(known: Options) -> RoughAnalyser:
    return RoughAnalyser(names_of(known))


@pytest.fixture
def understood_roughly(rough: RoughAnalyser, known: Options, words: WordLists) -> Callable[[str], Understanding]:
    memory = Memory(base_category="ZERO_WASTE", category="ZERO_WASTE")
    return lambda message: understand(TurnInput(message, memory, known, words, rough))


@pytest.mark.parametrize(
    ("message", "intent", "category"),
    [
        ("비건으로 바꿔줘", Intent.CHANGE, "VEGAN"),
        ("플로깅 말고 비건", Intent.CHANGE, "VEGAN"),
        ("다른 거 없어?", Intent.OTHER, ""),
        ("안녕", Intent.GREETING, ""),
        ("고마워", Intent.THANKS, ""),
        ("죽고 싶어", Intent.DANGER, ""),
        ("씨발", Intent.ABUSE, ""),
        ("우유팩은 어떻게 버려?", Intent.ASK, ""),
    ],
)
def test_common_messages_are_understood(
    message: str, intent: Intent, category: str, understood_roughly: Callable[[str], Understanding]
) -> None:
    found = understood_roughly(message)
    assert (found.intent, found.category) == (intent, category)
    assert found.reasons[-1] == {"code": "rough"}


@given(text=strategies.text(strategies.characters(codec=None), max_size=60))
def test_morphemes_are_in_their_places_whatever_the_text(text: str) -> None:
    found = RoughAnalyser(frozenset({"비건"})).morphemes(text)
    assert [each.start for each in found] == sorted(each.start for each in found)
    assert all(0 <= each.start <= each.end <= len(normalize("NFC", storable(text))) for each in found)


def test_a_name_is_one_word_with_and_without_a_particle() -> None:
    rough = RoughAnalyser(frozenset({"비건", "업싸이클"}))
    found = [(each.form, each.tag, each.start, each.end) for each in rough.morphemes("업싸이클을 비건")]
    assert found == [("업싸이클", "NNP", 0, 4), ("을", "JKO", 4, 5), ("비건", "NNP", 6, 8)]


def test_the_table_has_the_most_frequent_reading(analyser: MorphemeAnalyser) -> None:
    found = readings(["다른 거 없어?", "다른 거 추천해줘", "없어"], analyser)
    assert found["다른"] == (("다른", "MM", 0, 2),)
    assert set(found) == {"다른", "거", "없어", "추천해줘"}
