"""Decides whether two titles mean the same action, by their meaningful words and not by letters."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable

from chatbot.answers.rules import fold

Splitter = Callable[[str], Collection[str] | None]
"""A function that returns the meaningful words of a title, verbs as stems; None while they are not known."""

LIGHT = frozenset(
    {
        *("하", "쓰", "사용", "이용", "챙기", "들", "가지", "다니", "보", "먹", "마시", "주", "두", "해보"),
        *(
            "실천",
            "도전",
            "시작",
            "오늘",
            "하루",
            "번",
            "것",
            "거",
            "개",
            "나",
            "내",
            "우리",
            "바로",
            "직접",
            "꼭",
            "잘",
        ),
    }
)
"""Words that do not distinguish actions: “텀블러 쓰기” and “텀블러 챙기기” are the same action."""

_SAME = {
    variant: group[0]
    for group in (
        ("줄이", "감축", "덜", "줄"),
        ("아끼", "절약", "절감"),
        ("끄", "소등"),
        ("뽑", "빼"),
        ("줍", "주우", "수거"),
        ("나누", "공유"),
        ("고치", "수선", "수리"),
        ("버리", "배출", "분리배출", "분리수거"),
        ("걷", "도보", "걸", "오르"),
        ("지우", "삭제", "정리", "비우"),
        ("만들", "제작"),
        ("메일", "이메일", "메일함"),
    )
    for variant in group
}
"""Words that have the same meaning in titles, each with the word that replaces it."""

_PARTICLE = re.compile(
    r"(?<=[\uac00-\ud7a3]{2})(?:에서|으로|부터|까지|이나|하고|을|를|은|는|이|가|에|로|와|과|도|의|만)$"
)
_NOUN_FORM = re.compile(r"(?<=[\uac00-\ud7a3])(?:하기|기)$")


def rough_words(title: str) -> list[str]:
    """The words between white space, without the commonest particles and endings. Needs no analyser."""
    words = unicodedata.normalize("NFC", title).casefold().split()
    return [_NOUN_FORM.sub("", _PARTICLE.sub("", word)) for word in words]


def no_words(title: str) -> list[str]:
    """Returns no words, so that titles are compared only by their letters."""
    return []


class Taken:
    """The titles that an answer must not repeat. ``split`` must know the words of all of them."""

    def __init__(self, titles: Iterable[str] = (), *, split: Splitter = rough_words) -> None:
        self._split = split
        self._folded: set[str] = set()
        self._meanings: list[frozenset[str]] = []
        for title in titles:
            self.add(title)

    def add(self, title: str) -> None:
        self._folded.add(fold(title))
        self._meanings.append(self._meaning(title))

    def has(self, title: str) -> bool:
        """Whether one of the titles means the same action."""
        if fold(title) in self._folded:
            return True
        meaning = self._meaning(title)
        return any(_alike(meaning, other) for other in self._meanings)

    def _meaning(self, title: str) -> frozenset[str]:
        words = (_SAME.get(word, word) for word in self._split(title) or ())
        return frozenset(word for word in words if word not in LIGHT)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the words are equal, or one title has at least two words and all words of the other."""
    if not one or not other:
        return False
    return one == other or (min(len(one), len(other)) >= 2 and (one <= other or other <= one))
