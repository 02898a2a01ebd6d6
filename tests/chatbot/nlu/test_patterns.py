"""The notation of the lexicon."""

import pytest

from chatbot.nlu.intents.parsing import lexicon
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.nlu.patterns import Patterns, Span

SETS = {"new": "다른/MM|딴/MM"}


def found(pattern: str, text: str, analyser: MorphemeAnalyser) -> str | None:
    morphemes = analyser.morphemes(text)
    span = Patterns([pattern], SETS).first(morphemes)
    return None if span is None else text[morphemes[span.start].start : morphemes[span.end - 1].end]


@pytest.mark.parametrize(
    ("pattern", "text", "match"),
    [
        ("@new 거", "혹시 다른 거 있어?", "다른 거"),
        ("@new 거", "다른 좋은 거", None),
        ("@new ~ 거", "다른 좋은 거", "다른 좋은 거"),
        ("바꾸 주", "바꿔 줘", "바꿔 줘"),
        ("추천 주", "추천을 좀 해 줘", "추천을 좀 해 줘"),
        ("싫 거", "싫어. 다른 거", None),
        ("산/NNP 에서", "산에서", "산에서"),
        ("/SN 번", "2번", "2번"),
        ("^ 비건 $", "비건은?", "비건"),
        ("^ 비건 $", "비건 쉬운 거", None),
        ("^ 비건", "쉬운 비건", None),
    ],
)
def test_patterns_match_morphemes(analyser: MorphemeAnalyser, pattern: str, text: str, match: str | None) -> None:
    assert found(pattern, text, analyser) == match


def test_a_span_bounds_the_search(analyser: MorphemeAnalyser) -> None:
    morphemes = analyser.morphemes("다른 거")
    assert Patterns(["@new 거"], SETS).first(morphemes, Span(0, 1)) is None


def test_the_whole_lexicon_is_compiled() -> None:
    assert lexicon().patterns.keys() >= {"back.patterns", "other.patterns", "any.patterns", "rules.patterns"}
