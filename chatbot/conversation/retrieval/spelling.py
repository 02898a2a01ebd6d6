"""Words that are spelled nearly like an unknown one. Letters (jamo) are compared, not syllables: 패트병 and 페트병
differ in one of eight."""

from collections import defaultdict
from collections.abc import Iterable
from unicodedata import normalize

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4
"""Letters below which everything is near everything."""

COUNT = 3
"""Near words that are considered."""


def letters(word: str) -> str:
    return normalize("NFD", word)


class Spelling:
    """The known words by their number of letters. About 200 bytes a word."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words: dict[int, list[str]] = defaultdict(list)
        self._letters: dict[int, list[str]] = defaultdict(list)
        for word in words:
            spelled = letters(word)
            if len(spelled) >= SHORTEST:
                self._words[len(spelled)].append(word)
                self._letters[len(spelled)].append(spelled)

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
                hits = process.extract(
                    spelled, self._letters[length], scorer=OSA.distance, score_cutoff=wrong, limit=COUNT
                )
                found += [(self._words[length][place], 1 - distance / len(spelled)) for _, distance, place in hits]
        return sorted(found, key=lambda near: -near[1])[:COUNT]
