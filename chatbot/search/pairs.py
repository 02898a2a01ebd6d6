"""Which of many words share pairs of neighbouring characters with a given one."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

_BITS = 21
_MOST = (1 << _BITS) - 1

BLOCK = 5_000
"""Words that are encoded at once: a millisecond during which nothing else runs."""


class Pairs:
    """Looked up in well under a millisecond; about 8 bytes for a character of a word. Two million words at most."""

    def __init__(self, words: Sequence[str]) -> None:
        words = words[: _MOST + 1]
        blocks = [_pairs(words[start : start + BLOCK], start) for start in range(0, len(words), BLOCK)]
        both = np.concatenate([np.empty(0, np.int64), *blocks])
        both.sort()  # np.unique would hold Python's lock
        both = both[np.append(True, both[1:] != both[:-1])[: len(both)]]
        self._known, starts = np.unique(both >> _BITS, return_index=True)
        self._starts = np.append(starts, len(both))
        self._words = (both & _MOST).astype(np.int32)
        self.sizes = np.bincount(self._words, minlength=len(words))
        """How many different pairs each word has."""

    def shared(self, word: str) -> tuple[int, NDArray[np.int64]]:
        """How many different pairs ``word`` has, and how many of them each of the words has."""
        own = np.unique(_pairs([word], 0) >> _BITS)
        places = np.searchsorted(self._known, own)
        lists = [
            self._words[self._starts[place] : self._starts[place + 1]]
            for place, pair in zip(places, own, strict=True)
            if place < len(self._known) and self._known[place] == pair
        ]
        return len(own), np.bincount(np.concatenate([np.empty(0, np.int32), *lists]), minlength=len(self.sizes))


def _pairs(words: Iterable[str], first: int) -> NDArray[np.int64]:
    """Each pair and the place of its word, counted from ``first``, in one number: 21 bits a character, 21 the place."""
    text = "\n".join([word.replace("\n", " ") for word in words])  # a line is a word
    characters = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    ends = characters == ord("\n")
    inside = ~(ends[:-1] | ends[1:])
    codes = characters[:-1] << _BITS | characters[1:]
    places = first + np.cumsum(ends)[:-1]
    numbers: NDArray[np.int64] = (codes << _BITS | places)[inside]
    return numbers
