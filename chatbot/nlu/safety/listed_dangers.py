"""Finds words and phrases of the admins' danger lists, as they are listed or with other forms of their verbs."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser
from chatbot.nlu.safety.normalisation import squashed
from chatbot.nlu.safety.word_lists import WordLists, seeded_lists

_LOOSE = frozenset({"JKS", "JKO", "JX", "JKB", "SP", "SF", "XSN", "MAG", "SW"})
"""The tags of morphemes that may be between the morphemes of a phrase: 불이 났어 matches 불났어."""

_SINGLE_LETTERS = re.compile("[ㄱ-ㅎ]")
"""A phrase with such letters (ㅈㅅ하고 싶다) is searched only as text, because the analyser does not know them."""

SHORTEST_TEXT = 3
"""The minimum length of a listed phrase that is also searched as text."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A listed word or phrase. ``kind`` is its list."""

    word: str
    kind: str


Stems = tuple[tuple[str, str], ...]


class ListedDangers:
    """The listed phrases, analysed once. Emergencies are searched first."""

    def __init__(self, words: WordLists, analyser: MorphemeAnalyser) -> None:
        self.words, self.analyser = words, analyser
        self._written: list[tuple[re.Pattern[str], Listed]] = []
        self._phrases: dict[tuple[str, str], list[tuple[Stems, Listed]]] = {}
        listed = list(_dangers(words))
        analysed = analyser.analyse([each.word for each in listed])  # in one call
        for each, morphemes in zip(listed, analysed, strict=True):
            self._add(each, morphemes)

    def _add(self, listed: Listed, morphemes: list[Morpheme]) -> None:
        letters = squashed(listed.word)
        if len(letters) >= SHORTEST_TEXT:
            self._written.append((_as_written(letters), listed))
        stems = _stems(morphemes)
        if not _SINGLE_LETTERS.search(letters) and _tells(stems):
            self._phrases.setdefault(stems[0], []).append((stems, listed))

    def find(self, text: str, morphemes: tuple[Morpheme, ...]) -> Listed | None:
        """The listed phrase in ``text``, which is tidied and in lower case. ``morphemes`` are those of the text."""
        for written, listed in self._written:
            if written.search(text) is not None:
                return listed
        told = [one for one in morphemes if one.tag != "SF"]
        for at, morpheme in enumerate(told):
            for stems, listed in self._phrases.get((morpheme.form, morpheme.tag[0]), ()):
                if _begins(stems, told, at):
                    return listed
        return None


def _dangers(words: WordLists) -> Iterator[Listed]:
    for kind in ("emergency", "violence", "self_harm"):
        for word in getattr(words, kind):
            yield Listed(word, kind)


def _as_written(letters: str) -> re.Pattern[str]:
    """A pattern for a phrase at the start of a word, with any spaces. Latin letters must also end a word."""
    end = r"(?![a-z])" if letters[-1].isascii() else ""
    return re.compile(r"(?<![가-힣a-z])" + r"\s*".join(map(re.escape, letters)) + end)


def _stems(morphemes: list[Morpheme]) -> Stems:
    """The phrase without particles and without its last ending."""
    kept = [one for one in morphemes if one.tag not in _LOOSE or one.tag == "MAG"]
    while kept and kept[-1].tag in {"EF", "EC", "ETN"}:
        kept.pop()
    return tuple((one.form, one.tag[0]) for one in kept)


def _tells(stems: Stems) -> bool:
    """Whether the phrase is specific enough: two morphemes, or one noun of more than one syllable."""
    return len(stems) > 1 or (len(stems) == 1 and stems[0][1] == "N" and len(stems[0][0]) > 1)


def _begins(stems: Stems, morphemes: list[Morpheme], at: int) -> bool:
    index = 0
    while at < len(morphemes) and index < len(stems):
        if (morphemes[at].form, morphemes[at].tag[0]) == stems[index]:
            index += 1
        elif index == 0 or morphemes[at].tag not in _LOOSE:
            return False
        at += 1
    return index == len(stems)


_kept: ListedDangers | None = None


def listed_danger(
    text: str, morphemes: tuple[Morpheme, ...], *, words: WordLists, analyser: MorphemeAnalyser
) -> Listed | None:
    """The listed danger in the text."""
    global _kept  # noqa: PLW0603 - one immutable value, replaced as a whole
    kept = _kept
    if kept is None or kept.words is not words or kept.analyser is not analyser:
        _kept = kept = ListedDangers(words, analyser)
    return kept.find(text, morphemes)


@functools.cache
def _seeded() -> frozenset[tuple[str, str]]:
    lists = seeded_lists()
    return frozenset((each.kind, squashed(each.word)) for each in _dangers(lists))


def is_seeded(listed: Listed) -> bool:
    """Whether the phrase is from the seed, and not from an admin."""
    return (listed.kind, squashed(listed.word)) in _seeded()
