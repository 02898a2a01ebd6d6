"""Words that look like a given one: those that share syllables with it (난방 and 난방비), and those that it is a
misspelling of. For the latter letters (jamo) are compared, not syllables: 패트병 and 페트병 differ in one of eight."""

from collections import defaultdict
from collections.abc import Iterable
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4
"""Letters below which everything is near everything."""

NEAR = 3
"""Near words that are considered."""

KIN = 8
"""Words with common syllables that are considered."""

ALIKE = 0.5
"""The likeness of kin at least."""


def letters(word: str) -> str:
    return normalize("NFD", word)


def pairs(word: str) -> set[str]:
    """The pairs of neighbouring characters."""
    return {word[start : start + 2] for start in range(len(word) - 1)}


class Spelling:
    """The known words by their letters and by their syllables. About 600 bytes a word."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(dict.fromkeys(words))
        self._letters: dict[int, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        having: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(self._words):
            spelled = letters(word)
            if len(spelled) >= SHORTEST:
                same_length = self._letters[len(spelled)]
                same_length[0].append(spelled)
                same_length[1].append(word)
            for pair in pairs(word):
                having[pair].append(place)
        self._having: dict[str, NDArray[np.int32]] = {
            pair: np.array(places, np.int32) for pair, places in having.items()
        }
        self._sizes = np.array([len(pairs(word)) for word in self._words], np.int32)

    def near(self, word: str) -> list[tuple[str, float]]:
        """The known words within one wrong, missing, added or swapped letter (two from nine letters on), nearest
        first, each with its likeness (0 to 1)."""
        spelled = letters(word)
        if len(spelled) < SHORTEST:
            return []
        wrong = 1 if len(spelled) < 9 else 2
        found: list[tuple[str, float]] = []
        for length in range(len(spelled) - wrong, len(spelled) + wrong + 1):
            if length in self._letters:
                known, words = self._letters[length]
                hits = process.extract(spelled, known, scorer=OSA.distance, score_cutoff=wrong, limit=NEAR)
                found += [(words[place], 1 - distance / len(spelled)) for _, distance, place in hits]
        return sorted(found, key=lambda near: -near[1])[:NEAR]

    def kin(self, word: str) -> list[tuple[str, float]]:
        """Other known words that share pairs of characters with the word, nearest first, each with its likeness: twice
        the common pairs through those of both (Dice)."""
        own = pairs(word)
        lists = [self._having[pair] for pair in own if pair in self._having]
        if not lists:
            return []
        places, common = np.unique(np.concatenate(lists), return_counts=True)
        likeness = 2 * common / (len(own) + self._sizes[places])
        best = np.argsort(-likeness, kind="stable")[: KIN + 1]
        alike = ((self._words[places[rank]], float(likeness[rank])) for rank in best)
        return [(other, share) for other, share in alike if share >= ALIKE and other != word][:KIN]
