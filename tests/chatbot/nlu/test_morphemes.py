"""The analyser and its dictionary."""

import pytest

from chatbot.nlu.morphemes import KiwiAnalyser, MorphemeAnalyser

ODD_NAMES = frozenset({"", " ", "🌱", "에너지 절약", "\0", "\ud800", "1", "-", "a" * 300, "뚝딱살림"})


def forms(analyser: MorphemeAnalyser, text: str) -> list[str]:
    return [morpheme.form for morpheme in analyser.morphemes(text)]


@pytest.mark.parametrize("word", ["비건", "업싸이클", "플로깅", "제로웨이스트", "줍깅", "새활용"])
@pytest.mark.parametrize("sentence", ["{}", "{}으로 바꿔줘", "요즘{}해보고싶어", "플라스틱말고{}추천해줘"])
def test_names_are_one_morpheme(analyser: MorphemeAnalyser, word: str, sentence: str) -> None:
    assert word in forms(analyser, sentence.format(word))


def test_odd_names_never_keep_the_analyser_from_loading() -> None:
    analyser = KiwiAnalyser(ODD_NAMES)
    assert "뚝딱살림" in forms(analyser, "뚝딱살림으로 바꿔줘")


@pytest.mark.parametrize("text", ["", " ", "\ud800", "\0", "🌱", "한"])
def test_any_text_has_morphemes(analyser: MorphemeAnalyser, text: str) -> None:
    assert all(morpheme.start <= morpheme.end for morpheme in analyser.morphemes(text))


def test_guessed_words_are_distinguished_from_known_ones(analyser: MorphemeAnalyser) -> None:
    known = {morpheme.form: morpheme.known for morpheme in analyser.morphemes("비껀 건강")}
    assert known == {"비껀": False, "건강": True}


def test_a_text_in_nfd_reads_like_one_in_nfc(analyser: MorphemeAnalyser) -> None:
    assert forms(analyser, "비건으로") == forms(analyser, "비건으로")
