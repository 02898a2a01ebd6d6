"""The words by which the titles of an answer are compared."""

import os
import signal
from collections.abc import Iterator, Sequence

import pytest
from pytest_django import Settings

from chatbot.answers.similarity import rough_words
from chatbot.generation import title_words
from chatbot.generation.title_words import RememberedWords, TitleWords
from chatbot.nlu.analyser_process import AnalyserProcess
from chatbot.nlu.morphemes import Morpheme

TITLES = [f"텀블러를 {number}번 챙기기" for number in range(600)]


class Counting(AnalyserProcess):
    """Counts the messages to its process."""

    asked = 0

    def analyse(self, texts: Sequence[str]) -> list[list[Morpheme]]:
        self.asked += 1
        return super().analyse(texts)


@pytest.fixture(scope="module")
def made() -> Iterator[Counting]:
    analyser = Counting(frozenset({"텀블러"}))
    analyser.load()
    yield analyser
    analyser.close()


@pytest.fixture
def analyser(made: Counting, monkeypatch: pytest.MonkeyPatch) -> Counting:
    """The analyser of this server, with an empty cache."""
    monkeypatch.setattr(title_words, "loaded", lambda: made)
    monkeypatch.setattr(title_words, "_remembered", RememberedWords())
    made.asked = 0
    return made


async def test_many_titles_are_one_call_and_remembered(analyser: Counting) -> None:
    words = TitleWords()
    assert words(TITLES[0]) is None
    await words.learn(TITLES)
    assert list(words(TITLES[7]) or ()) == ["텀블러", "7", "챙기"]
    assert all(words(title) is not None for title in TITLES)
    await words.learn(TITLES)
    other = TitleWords()
    await other.learn([*TITLES, "두유 라떼"])
    assert list(other("두유 라떼") or ()) == ["두유", "라떼"]
    assert analyser.asked == 2  # for all, and for the new one alone


async def test_without_an_analyser_words_are_rough_and_none_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(title_words, "loaded", lambda: None)
    words = TitleWords()
    await words.learn(TITLES)
    assert words("텀블러를 쓰기") == rough_words("텀블러를 쓰기") == ["텀블러", "쓰"]


async def test_all_titles_of_an_answer_are_compared_in_one_way(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    gone = AnalyserProcess(frozenset())
    gone.load()
    monkeypatch.setattr(title_words, "loaded", lambda: gone)
    monkeypatch.setattr(title_words, "_remembered", RememberedWords())
    words = TitleWords()
    await words.learn(["텀블러를 챙겨요"])
    assert list(words("텀블러를 챙겨요") or ()) == ["텀블러", "챙기"]
    os.kill(gone.pid, signal.SIGSTOP)
    await words.learn(["두유 라떼"])
    assert words("텀블러를 챙겨요") == ["텀블러", "챙겨요"]
    assert words("두유 라떼") == ["두유", "라떼"]


def test_the_oldest_are_forgotten() -> None:
    remembered, names = RememberedWords(most=2), frozenset({"비건"})
    for title in ("하나", "둘"):
        remembered.keep(names, title, [title])
    assert remembered.get(names, "하나") == ["하나"]  # used last
    remembered.keep(names, "셋", ["셋"])
    assert (len(remembered), remembered.get(names, "둘")) == (2, None)
    assert remembered.get(names, "하나") == ["하나"]
    assert remembered.get(frozenset(), "하나") is None  # an analyser with other names reads otherwise
