"""BM25 over the words of the rows (the library bm25s)."""

import logging
import os

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
        self._rows, self._values = np.empty(0, np.int32), np.empty(0, np.float32)
        self._starts = np.zeros(1, np.int64)
        if analysis.words:
            os.environ["DISABLE_TQDM"] = "1"  # or bm25s loads it, and it leaves a semaphore behind
            import bm25s

            logging.getLogger("bm25s").setLevel(logging.WARNING)  # it would tell of every build
            rows = [row.tolist() for row in np.split(analysis.flat, analysis.offsets[1:-1])]
            vocabulary = {number: number for number in range(len(analysis.words))}
            bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
            bm25.index((rows, vocabulary), create_empty_token=False, show_progress=False)
            # Its vocabulary would be a second one; a search adds up the scores of words with weights of their own.
            self._rows, self._values = bm25.scores["indices"], bm25.scores["data"]
            self._starts = bm25.scores["indptr"]

    def rows(self, word: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The rows that have the word (its number in the analysis), each once, and its score in each."""
        here = slice(self._starts[word], self._starts[word + 1])
        return self._rows[here], self._values[here]
