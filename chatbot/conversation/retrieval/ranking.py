"""BM25 over the words of the rows (the library bm25s)."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chatbot.conversation.retrieval.analysis import Analysis

K1 = 1.2
B = 0.5


class Ranking:
    """For each word the rows that have it, with what the word adds to their scores. 8 bytes for a word of a row."""

    def __init__(self, analysis: Analysis) -> None:
        """Takes about 50 µs a row, in pure Python."""
        self.count = len(analysis.digests)
        self._bm25: Any = None
        if analysis.words:
            import bm25s

            logging.getLogger("bm25s").setLevel(logging.WARNING)  # it would tell of every build
            rows = [row.tolist() for row in np.split(analysis.flat, analysis.offsets[1:-1])]
            self._bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
            vocabulary = {number: number for number in range(len(analysis.words))}
            self._bm25.index((rows, vocabulary), create_empty_token=False, show_progress=False)

    def rows(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The rows that have the word (its number in the analysis), each once, and its score in each."""
        scores = self._bm25.scores
        start, end = scores["indptr"][word], scores["indptr"][word + 1]
        return scores["indices"][start:end], scores["data"][start:end]
