"""A process of low priority that does the long computations of a large index: in a thread they would delay every
stream, for morphemes and ranking are computed under Python's global lock. Knows nothing of Django."""

import multiprocessing
import os
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import cast

import numpy as np
from numpy.typing import NDArray

from chatbot.conversation.language import Language
from chatbot.conversation.retrieval.ranking import Ranking
from chatbot.conversation.retrieval.terms import index_words

NICENESS = 10


class Worker:
    """Lives as long as one build. Half a gigabyte while it analyses texts.

    Methods block until the process has answered; EOFError or OSError means that it is gone. Large arrays travel as
    bytes: pickling them would hold the lock.
    """

    def __init__(self, names: frozenset[str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, names), daemon=True, name="retrieval index")
        self._process.start()
        theirs.close()

    def index_words(self, texts: Sequence[tuple[str, str]]) -> list[list[str]]:
        """The words under which each title and text is found."""
        self._connection.send(texts)
        return cast("list[list[str]]", self._connection.recv())

    def ranking(self, offsets: NDArray[np.int64], flat: NDArray[np.int32]) -> Ranking:
        """As ``Ranking.of``."""
        self._connection.send(None)
        _send(self._connection, offsets, flat)
        starts, rows, values = (self._connection.recv_bytes() for _ in range(3))
        return Ranking(
            len(offsets) - 1,
            np.frombuffer(starts, np.int64),
            np.frombuffer(rows, np.int32),
            np.frombuffer(values, np.float32),
        )

    def close(self) -> None:
        self._process.terminate()
        self._process.join()
        self._connection.close()


def _send(connection: Connection, *arrays: NDArray[np.generic]) -> None:
    for array in arrays:
        connection.send_bytes(array.tobytes())


def _serve(connection: Connection, names: frozenset[str]) -> None:
    """Answers until the other side is gone: words for texts, a ranking for None and the arrays that follow it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the server
    os.nice(NICENESS)
    language: Language | None = None
    while True:
        try:
            texts = connection.recv()
            if texts is None:
                offsets, flat = connection.recv_bytes(), connection.recv_bytes()
                ranking = Ranking.of(np.frombuffer(offsets, np.int64), np.frombuffer(flat, np.int32))
                _send(connection, *ranking.arrays)
            else:
                language = language or Language(names)
                connection.send([index_words(language, title, text) for title, text in texts])
        except (EOFError, OSError):
            return
