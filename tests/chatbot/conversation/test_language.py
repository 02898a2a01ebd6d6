"""The analyser, its dictionary, and how a process comes by it."""

import asyncio
import time
from dataclasses import replace

import pytest

from challenges.catalog import Choice, Options
from chatbot.conversation import language as module
from chatbot.conversation.language import Language, language_for, names_of

ODD_NAMES = frozenset({"", " ", "🌱", "에너지 절약", "\0", "\ud800", "1", "-", "a" * 300, "뚝딱살림"})


def forms(language: Language, text: str) -> list[str]:
    return [morpheme.form for morpheme in language.morphemes(text)]


@pytest.mark.parametrize("word", ["비건", "업싸이클", "플로깅", "제로웨이스트", "줍깅", "새활용"])
@pytest.mark.parametrize("sentence", ["{}", "{}으로 바꿔줘", "요즘{}해보고싶어", "플라스틱말고{}추천해줘"])
def test_names_are_one_morpheme(language: Language, word: str, sentence: str) -> None:
    assert word in forms(language, sentence.format(word))


def test_odd_names_never_keep_the_analyser_from_loading() -> None:
    language = Language(ODD_NAMES)
    assert "뚝딱살림" in forms(language, "뚝딱살림으로 바꿔줘")


@pytest.mark.parametrize("text", ["", " ", "\ud800", "\0", "🌱", "한"])
def test_any_text_has_morphemes(language: Language, text: str) -> None:
    assert all(morpheme.start <= morpheme.end for morpheme in language.morphemes(text))


def test_guessed_words_are_told_from_known_ones(language: Language) -> None:
    known = {morpheme.form: morpheme.known for morpheme in language.morphemes("비껀 건강")}
    assert known == {"비껀": False, "건강": True}


def test_a_text_in_nfd_reads_like_one_in_nfc(language: Language) -> None:
    assert forms(language, "비건으로") == forms(language, "비건으로")


class TestKeeping:
    async def test_loading_does_not_hold_the_event_loop(self, monkeypatch: pytest.MonkeyPatch, known: Options) -> None:
        monkeypatch.setattr(module, "_keeper", module._Keeper())
        monkeypatch.setattr(module, "Language", _slow)
        began = time.monotonic()
        waiting = asyncio.ensure_future(language_for(known))
        await asyncio.sleep(0.01)
        assert time.monotonic() - began < 0.2
        assert (await waiting).names == names_of(known)

    async def test_new_names_make_a_new_analyser_while_the_old_one_serves(
        self, monkeypatch: pytest.MonkeyPatch, known: Options
    ) -> None:
        monkeypatch.setattr(module, "_keeper", module._Keeper())
        monkeypatch.setattr(module, "Language", _slow)
        first = await language_for(known)
        more = replace(known, categories={**known.categories, "WATER": Choice("WATER", "물살림")})
        assert await language_for(more) is first
        for _ in range(100):
            await asyncio.sleep(0.02)
            if (await language_for(more)) is not first:
                break
        assert "물살림" in (await language_for(more)).names


class _Slow(Language):
    def __init__(self, names: frozenset[str]) -> None:
        time.sleep(0.3)
        self.names = names


def _slow(names: frozenset[str]) -> Language:
    return _Slow(names)
