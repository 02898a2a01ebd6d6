"""Words that look like a given one: those that share syllables with it (난방 and 난방비), and those that it is a
misspelling of. For the latter letters (jamo) are compared, not syllables: 패트병 and 페트병 differ in one of eight."""

from collections.abc import Iterable, Sequence
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

_BITS = 21
_MOST = (1 << _BITS) - 1

BLOCK = 5_000
"""How many words are encoded at once, which takes a millisecond and blocks other threads."""


class Pairs:
    """The pairs of characters in words. A look-up takes less than a millisecond. Two million words at most.

    It takes about 8 bytes per character of a word.
    """

    def __init__(self, words: Sequence[str]) -> None:
        words = words[: _MOST + 1]
        blocks = [_pairs(words[start : start + BLOCK], start) for start in range(0, len(words), BLOCK)]
        both = np.concatenate([np.empty(0, np.int64), *blocks])
        both.sort()  # np.unique would hold Python's global interpreter lock
        both = both[np.append(True, both[1:] != both[:-1])[: len(both)]]
        self._known, starts = np.unique(both >> _BITS, return_index=True)
        self._starts = np.append(starts, len(both))
        self._words = (both & _MOST).astype(np.int32)
        self.sizes = np.bincount(self._words, minlength=len(words))
        """The number of distinct pairs in each word."""

    def shared(self, word: str) -> tuple[int, NDArray[np.int64]]:
        """The number of distinct pairs in ``word``, and how many of them each known word has."""
        own = np.unique(_pairs([word], 0) >> _BITS)
        places = np.searchsorted(self._known, own)
        lists = [
            self._words[self._starts[place] : self._starts[place + 1]]
            for place, pair in zip(places, own, strict=True)
            if place < len(self._known) and self._known[place] == pair
        ]
        return len(own), np.bincount(np.concatenate([np.empty(0, np.int32), *lists]), minlength=len(self.sizes))


def _pairs(words: Iterable[str], first: int) -> NDArray[np.int64]:
    """Each pair with the index of its word, from ``first``, as one number: 21 bits per character and for the index."""
    text = "\n".join([word.replace("\n", " ") for word in words])  # each line is a word
    characters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    ends = characters == ord("\n")
    inside = ~(ends[:-1] | ends[1:])
    codes = characters[:-1] << _BITS | characters[1:]
    places = first + np.cumsum(ends)[:-1]
    numbers: NDArray[np.int64] = (codes << _BITS | places)[inside]
    return numbers


SHORTEST = 4
"""Shorter words (in letters) are not compared, because they are all similar."""

NEAR = 3
"""The maximum number of words with a similar spelling."""

LIKELY = 100
"""How many words, those that share the most pairs of letters, are compared letter by letter."""

KIN = 8
"""The maximum number of words with common syllables."""

ALIKE = 0.5
"""The minimum similarity of words with common syllables."""


def jamo(word: str) -> str:
    return normalize("NFD", word)


class Spelling:
    """The known words by letters and by syllables. Takes about 200 bytes per word."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(dict.fromkeys(words))
        self._by_syllables = Pairs(self._words)
        self._by_letters = Pairs([jamo(word) for word in self._words])

    def near(self, word: str) -> list[tuple[str, float]]:
        """Known words that differ by one letter (by two from nine letters on), with their similarity (0 to 1), nearest
        first."""
        spelled = jamo(word)
        if len(spelled) < SHORTEST:
            return []
        wrong = 1 if len(spelled) < 9 else 2
        own, shared = self._by_letters.shared(spelled)
        likely = np.flatnonzero(shared >= max(1, own - 2 * wrong))  # a wrong letter changes the pairs on both sides
        best = likely[np.argsort(-shared[likely], kind="stable")[:LIKELY]]
        found: list[tuple[str, float]] = []
        for known in (self._words[place] for place in best):
            distance = OSA.distance(spelled, jamo(known), score_cutoff=wrong)
            if distance <= wrong and len(jamo(known)) >= SHORTEST:
                found.append((known, 1 - distance / len(spelled)))
        return sorted(found, key=lambda near: -near[1])[:NEAR]

    def kin(self, word: str) -> list[tuple[str, float]]:
        """Other known words that share pairs of characters with the word, with their similarity, nearest first.

        The similarity is the Dice coefficient: twice the common pairs divided by the pairs of both.
        """
        own, shared = self._by_syllables.shared(word)
        places = np.flatnonzero(shared)
        likeness = 2 * shared[places] / (own + self._by_syllables.sizes[places])
        best = np.argsort(-likeness, kind="stable")[: KIN + 1]
        alike = ((self._words[places[rank]], float(likeness[rank])) for rank in best)
        return [(other, share) for other, share in alike if share >= ALIKE and other != word][:KIN]
