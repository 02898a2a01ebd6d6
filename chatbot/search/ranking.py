"""BM25 over the words of the rows (the library bm25s). Knows nothing of Django: it also runs in a process without."""

import logging
import os
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.5


@dataclass(frozen=True, slots=True)
class Ranking:
    """For each word the rows that have it, with what the word adds to their scores. 8 bytes for a word of a row."""

    count: int
    _starts: NDArray[np.int64]
    _rows: NDArray[np.int32]
    _values: NDArray[np.float32]

    @classmethod
    def of(cls, offsets: NDArray[np.int64], flat: NDArray[np.int32]) -> Self:
        """Row ``i`` has the words ``flat[offsets[i]:offsets[i + 1]]``. Takes about 50 µs a row, in pure Python."""
        count = len(offsets) - 1
        if not len(flat):
            return cls(count, np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
        os.environ["DISABLE_TQDM"] = "1"  # or bm25s loads it, and it leaves a semaphore behind
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it would tell of every build
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

    @property
    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
        """What it is made of, beside ``count``."""
        return self._starts, self._rows, self._values
