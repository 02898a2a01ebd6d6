"""The words of every row as numbers: compact, and reused for rows whose text did not change."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.conversation.retrieval.corpus import Entry


def digests_of(entries: Iterable[Entry]) -> NDArray[np.uint64]:
    """64 bits for each entry's title and text."""
    texts = (f"{entry.title}\n{entry.text}".encode("utf-8", "surrogatepass") for entry in entries)
    return np.frombuffer(b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in texts), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Row ``i`` has the words ``words[n] for n in flat[offsets[i]:offsets[i + 1]]``; about 60 bytes a row."""

    words: tuple[str, ...]
    digests: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    flat: NDArray[np.int32]
    _order: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(cls, words: Sequence[str], digests: NDArray[np.uint64], rows: Sequence[NDArray[np.int32]]) -> Self:
        """Drops the words that no row has."""
        lengths = np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows))
        flat = np.concatenate(rows) if rows else np.empty(0, np.int32)
        used, renumbered = np.unique(flat, return_inverse=True)
        return cls(
            words=tuple(words[place] for place in used),
            digests=digests,
            offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            flat=renumbered.astype(np.int32),
            _order=np.argsort(digests),
        )

    def places(self, digests: NDArray[np.uint64]) -> NDArray[np.int64]:
        """For each digest a row that has it, or -1."""
        if not len(self.digests):
            return np.full(len(digests), -1, np.int64)
        near = np.searchsorted(self.digests, digests, sorter=self._order)
        rows = self._order[np.minimum(near, len(self._order) - 1)]
        return np.where(self.digests[rows] == digests, rows, -1)

    def row(self, place: int) -> NDArray[np.int32]:
        return self.flat[self.offsets[place] : self.offsets[place + 1]]


class Gathering:
    """An analysis while it is being put together, row by row, from an earlier one and from new words."""

    def __init__(self, before: Analysis | None) -> None:
        self._before = before
        self._numbers = {word: number for number, word in enumerate(before.words)} if before else {}
        self._rows: list[NDArray[np.int32]] = []
        self._digests: list[NDArray[np.uint64]] = []

    def missing(self, digests: NDArray[np.uint64]) -> list[int]:
        """Which of the texts have to be analysed."""
        if self._before is None:
            return list(range(len(digests)))
        return [int(place) for place in np.flatnonzero(self._before.places(digests) < 0)]

    def add(self, digests: NDArray[np.uint64], analysed: dict[int, list[str]]) -> None:
        """Adds a row for each digest; ``analysed`` has the words of those that were missing."""
        known = self._before.places(digests) if self._before else np.empty(0, np.int64)
        for place in range(len(digests)):
            words = analysed.get(place)
            if words is None:
                assert self._before is not None
                self._rows.append(self._before.row(int(known[place])))
            else:
                numbers = (self._numbers.setdefault(word, len(self._numbers)) for word in words)
                self._rows.append(np.fromiter(numbers, dtype=np.int32, count=len(words)))
        self._digests.append(digests)

    def finished(self) -> Analysis:
        digests = np.concatenate(self._digests) if self._digests else np.empty(0, np.uint64)
        return Analysis.of(tuple(self._numbers), digests, self._rows)
