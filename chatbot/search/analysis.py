"""The words of every row as numbers: compact, and reused for rows whose text did not change."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.search.entries import Entry


def digests_of(entries: Iterable[Entry]) -> NDArray[np.uint64]:
    """64 bits for each entry's title and text."""
    texts = (f"{entry.title}\n{entry.text}".encode("utf-8", "surrogatepass") for entry in entries)
    return np.frombuffer(b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in texts), dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Analysis:
    """Row ``i`` has the words ``words[n] for n in flat[offsets[i]:offsets[i + 1]]``; about 80 bytes a row."""

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
        """Drops the words that no row has."""
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
        """For each digest a row that has it, or -1."""
        if not len(self.digests):
            return np.full(len(digests), -1, np.int64)
        near = np.searchsorted(self.digests, digests, sorter=self._order)
        rows = self._order[np.minimum(near, len(self._order) - 1)]
        return np.where(self.digests[rows] == digests, rows, -1)

    def row(self, place: int) -> NDArray[np.int32]:
        return self.flat[self.offsets[place] : self.offsets[place + 1]]


class Gathering:
    """An analysis while it is put together, chunk by chunk, from an earlier one and from new words."""

    def __init__(self, before: Analysis | None) -> None:
        self._before = before
        self._numbers = {word: number for number, word in enumerate(before.words)} if before else {}
        self._digests = [np.empty(0, np.uint64)]
        self._lengths = [np.empty(0, np.int64)]
        self._flat = [np.empty(0, np.int32)]

    def missing(self, digests: NDArray[np.uint64]) -> list[int]:
        """Which of a chunk's texts have to be analysed."""
        if self._before is None:
            return list(range(len(digests)))
        return [int(place) for place in np.flatnonzero(self._before.places(digests) < 0)]

    def add(self, digests: NDArray[np.uint64], analysed: Mapping[int, Sequence[str]]) -> None:
        """Adds a chunk's rows; ``analysed`` has the words of those that were missing."""
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
