"""A process with low priority that does the long computations for a large index.

In a thread they would delay every stream, because morphemes and the ranking are computed under Python's global
interpreter lock. This module does not use Django.
"""

import os
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import cast

import numpy as np
from numpy.typing import NDArray

from chatbot.nlu.child_process import ChildProcess
from chatbot.nlu.morphemes import KiwiAnalyser, MorphemeAnalyser
from chatbot.search.ranking import Ranking
from chatbot.search.terms import index_words

NICENESS = 10

ANSWER_SECONDS = 120.0
"""The time limit of one answer: it is enough for the ranking of hundreds of thousands of rows at low priority. A
process that is stopped by a signal is noticed at once."""


class Worker:
    """The process of one build. It takes half a gigabyte while it analyses texts.

    Methods block until the process has answered, and raise ProcessGone if it does not. Large arrays are sent as bytes,
    because pickling would hold the lock.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._process = ChildProcess("chatbot.search.worker")
        self._process.send(names)
        self._process.receive(within=ANSWER_SECONDS)  # waits until the process is ready to read
        self.pid = self._process.pid

    def index_words(self, texts: Sequence[tuple[str, str]]) -> list[list[str]]:
        """As ``index_words`` of ``chatbot.search.terms``."""
        self._process.send(texts)
        return cast("list[list[str]]", self._process.receive(within=ANSWER_SECONDS))

    def ranking(self, offsets: NDArray[np.int64], flat: NDArray[np.int32]) -> Ranking:
        """As ``Ranking.of``."""
        self._process.send(None)
        for array in (offsets, flat):
            self._process.send_bytes(array.tobytes())
        starts, rows, values = (self._process.receive_bytes(within=ANSWER_SECONDS) for _ in range(3))
        return Ranking(
            len(offsets) - 1,
            np.frombuffer(starts, np.int64),
            np.frombuffer(rows, np.int32),
            np.frombuffer(values, np.float32),
        )

    def close(self) -> None:
        self._process.kill()


def serve(connection: Connection) -> None:
    """Runs in the process: answers texts with their words, and None followed by arrays with a ranking."""
    os.nice(NICENESS)
    names = connection.recv()
    connection.send(None)
    analyser: MorphemeAnalyser | None = None
    while True:
        texts = connection.recv()
        if texts is None:
            offsets, flat = connection.recv_bytes(), connection.recv_bytes()
            ranking = Ranking.of(np.frombuffer(offsets, np.int64), np.frombuffer(flat, np.int32))
            for array in ranking.arrays:
                connection.send_bytes(array.tobytes())
        else:
            analyser = analyser or KiwiAnalyser(names)
            connection.send(index_words(analyser, texts))
