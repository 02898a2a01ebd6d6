"""The words of every row as numbers, and BM25 over them (the library bm25s).

This module does not use Django, because it also runs in a process without it.
"""

import hashlib
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray


def digests_of(texts: Iterable[tuple[str, str]]) -> NDArray[np.uint64]:
    """A digest of 64 bits for each pair of title and text."""
    encoded = (f"{title}\n{text}".encode("utf-8", "surrogatepass") for title, text in texts)
    return np.frombuffer(b"".join(hashlib.blake2b(each, digest_size=8).digest() for each in encoded), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Analysis:
    """The words of all rows. Row ``i`` has ``words[n] for n in flat[offsets[i]:offsets[i + 1]]``. 80 bytes per row."""

    words: tuple[str, ...]
    digests: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    flat: NDArray[np.int32]
    _order: NDArray[np.int64] = field(repr=False)

    @classmethod
    def of(
        cls,
        words: Sequence[str],
        digests: NDArray[np.uint64],
        lengths: NDArray[np.int64],
        flat: NDArray[np.int32],
    ) -> Self:
        """An analysis without words that no row has."""
        used = np.bincount(flat, minlength=len(words)) > 0
        renumbered = (np.cumsum(used) - 1).astype(np.int32)
        return cls(
            words=tuple(word for word, kept in zip(words, used.tolist(), strict=True) if kept),
            digests=digests,
            offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            flat=renumbered[flat],
            _order=np.argsort(digests),
        )

    def places(self, digests: NDArray[np.uint64]) -> NDArray[np.int64]:
        """A row for each digest; -1 if no row has it."""
        if not len(self.digests):
            return np.full(len(digests), -1, np.int64)
        near = np.searchsorted(self.digests, digests, sorter=self._order)
        rows = self._order[np.minimum(near, len(self._order) - 1)]
        return np.where(self.digests[rows] == digests, rows, -1)

    def row(self, place: int) -> NDArray[np.int32]:
        return self.flat[self.offsets[place] : self.offsets[place + 1]]


class AnalysisBuilder:
    """Builds an analysis chunk by chunk, from an earlier one and from new words."""

    def __init__(self, before: Analysis | None) -> None:
        self._before = before
        self._numbers = {word: number for number, word in enumerate(before.words)} if before else {}
        self._digests = [np.empty(0, np.uint64)]
        self._lengths = [np.empty(0, np.int64)]
        self._flat = [np.empty(0, np.int32)]

    def missing(self, digests: NDArray[np.uint64]) -> list[int]:
        """The indexes of the chunk's texts that have to be analysed."""
        if self._before is None:
            return list(range(len(digests)))
        return [int(place) for place in np.flatnonzero(self._before.places(digests) < 0)]

    def add(self, digests: NDArray[np.uint64], analysed: Mapping[int, Sequence[str]]) -> None:
        """Adds the rows of a chunk. ``analysed`` has the words of those that were missing."""
        places = self._before.places(digests) if self._before else np.full(len(digests), -1, np.int64)
        rows = [self._row(int(place), analysed.get(number, ())) for number, place in enumerate(places)]
        self._digests.append(digests)
        self._lengths.append(np.fromiter((len(row) for row in rows), dtype=np.int64, count=len(rows)))
        self._flat += rows and [np.concatenate(rows)]

    def _row(self, place: int, words: Sequence[str]) -> NDArray[np.int32]:
        if self._before is not None and place >= 0:
            return self._before.row(place)
        numbers = (self._numbers.setdefault(word, len(self._numbers)) for word in words)
        return np.fromiter(numbers, dtype=np.int32, count=len(words))

    def finished(self) -> Analysis:
        return Analysis.of(
            words=tuple(self._numbers),
            digests=np.concatenate(self._digests),
            lengths=np.concatenate(self._lengths),
            flat=np.concatenate(self._flat),
        )


K1 = 1.2
B = 0.5


@dataclass(frozen=True, slots=True)
class Ranking:
    """For each word, its rows and what it adds to their scores. Takes 8 bytes per word of a row."""

    count: int
    _starts: NDArray[np.int64]
    _rows: NDArray[np.int32]
    _values: NDArray[np.float32]

    @classmethod
    def of(cls, offsets: NDArray[np.int64], flat: NDArray[np.int32]) -> Self:
        """Computes the ranking. Row ``i`` has the words ``flat[offsets[i]:offsets[i + 1]]``. Takes about 50 µs per
        row."""
        count = len(offsets) - 1
        if not len(flat):
            return cls(count, np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
        os.environ["DISABLE_TQDM"] = "1"  # otherwise bm25s loads tqdm, which leaks a semaphore
        import bm25s  # reads the variable when it is imported

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it logs every build
        rows = [row.tolist() for row in np.split(flat, offsets[1:-1])]
        vocabulary = {number: number for number in range(int(flat.max()) + 1)}
        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        bm25.index((rows, vocabulary), create_empty_token=False, show_progress=False)
        # A search adds up these scores itself, with a weight for each word.
        return cls(count, bm25.scores["indptr"], bm25.scores["indices"], bm25.scores["data"])

    def rows(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The rows that have the word (its number), each once, and its score in each."""
        here = slice(self._starts[word], self._starts[word + 1])
        return self._rows[here], self._values[here]
