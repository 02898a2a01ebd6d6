"""Words that look like a given one: those that share syllables with it (난방 and 난방비), and those that it is a
misspelling of. For the latter letters (jamo) are compared, not syllables: 패트병 and 페트병 differ in one of eight."""

from collections.abc import Iterable
from unicodedata import normalize

import numpy as np
from rapidfuzz.distance import OSA

from chatbot.search.pairs import Pairs

SHORTEST = 4
"""Letters below which everything is near everything."""

NEAR = 3
"""Near words that are considered."""

LIKELY = 100
"""Words whose letters are compared one by one; they are those that share most pairs of letters."""

KIN = 8
"""Words with common syllables that are considered."""

ALIKE = 0.5
"""The likeness of kin at least."""


def letters(word: str) -> str:
    return normalize("NFD", word)


class Spelling:
    """The known words by their letters and by their syllables. About 200 bytes a word."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(dict.fromkeys(words))
        self._by_syllables = Pairs(self._words)
        self._by_letters = Pairs([letters(word) for word in self._words])

    def near(self, word: str) -> list[tuple[str, float]]:
        """The known words within one wrong, missing or added letter (two from nine letters on), nearest first, each
        with its likeness (0 to 1)."""
        spelled = letters(word)
        if len(spelled) < SHORTEST:
            return []
        wrong = 1 if len(spelled) < 9 else 2
        own, shared = self._by_letters.shared(spelled)
        likely = np.flatnonzero(shared >= max(1, own - 2 * wrong))  # a wrong letter spoils the pairs on both sides
        best = likely[np.argsort(-shared[likely], kind="stable")[:LIKELY]]
        found: list[tuple[str, float]] = []
        for known in (self._words[place] for place in best):
            distance = OSA.distance(spelled, letters(known), score_cutoff=wrong)
            if distance <= wrong and len(letters(known)) >= SHORTEST:
                found.append((known, 1 - distance / len(spelled)))
        return sorted(found, key=lambda near: -near[1])[:NEAR]

    def kin(self, word: str) -> list[tuple[str, float]]:
        """Other known words that share pairs of characters with the word, nearest first, each with its likeness: twice
        the common pairs through those of both (Dice)."""
        own, shared = self._by_syllables.shared(word)
        places = np.flatnonzero(shared)
        likeness = 2 * shared[places] / (own + self._by_syllables.sizes[places])
        best = np.argsort(-likeness, kind="stable")[: KIN + 1]
        alike = ((self._words[places[rank]], float(likeness[rank])) for rank in best)
        return [(other, share) for other, share in alike if share >= ALIKE and other != word][:KIN]
