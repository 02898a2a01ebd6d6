"""The analyser in a separate process. While kiwipiepy loads, and at its first analysis, it holds Python's global
interpreter lock for seconds. In the server's process, that would stop every stream."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from multiprocessing.connection import Connection
from typing import Any, Literal

from chatbot.nlu.child_process import ChildProcess, ProcessGone
from chatbot.nlu.intent_classifier import LearnedAnalyser
from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser, Opinion, Topic

LOAD_SECONDS = 60.0
"""The time limit for loading. A process that is stopped by a signal is noticed at once."""

HUNG_SECONDS = 10.0
"""The time limit for one message, which normally takes a hundredth of it. A process that does nothing is noticed
sooner."""

MOST_CHARACTERS = 10_000
"""The maximum number of characters in one call (some 50 ms). More text is split, so that other calls get a turn."""

Token = tuple[str, str, int, int, bool]

Question = Literal["analyse", "opinion", "learn"]


class AnalyserGone(Exception):
    """The analyser does not answer in time, or has ended. The caller continues with a rough one."""


_deadline: ContextVar[float] = ContextVar("deadline of what is analysed", default=float("inf"))


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """A context in which calls of the analyser fail after ``deadline`` (``time.monotonic``)."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class AnalyserProcess(MorphemeAnalyser):
    """A ``MorphemeAnalyser`` in a separate process, which uses half a gigabyte. A call over the pipe takes 0.1 ms more.

    Its methods block for seconds at most: call them in threads (``chatbot.executors.analyser``), never on an event
    loop. Call ``load`` first, which takes seconds. Every method raises AnalyserGone.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self._lock = threading.Lock()  # the pipe carries one call at a time
        self._process = ChildProcess("chatbot.nlu.analyser_process")

    @property
    def alive(self) -> bool:
        return self._process.alive

    @property
    def is_stopped(self) -> bool:
        """Whether a signal has stopped the process."""
        return self._process.is_stopped

    @property
    def pid(self) -> int:
        """The process id of the analyser."""
        return self._process.pid

    def load(self) -> None:
        """Waits until the process can analyse texts."""
        try:
            self._process.send(self.names)
            self._process.receive(within=LOAD_SECONDS)
        except ProcessGone as error:
            raise AnalyserGone from error

    def learn(self, topics: Sequence[Topic]) -> None:
        """Has it learn what categories are about. It answers meanwhile, by what it learned before."""
        self._ask("learn", topics, within=LOAD_SECONDS)

    def opinion(self, text: str) -> Opinion | None:
        found: Opinion | None = self._ask("opinion", text)
        return found

    def close(self) -> None:
        """Ends the process. Waiting calls raise AnalyserGone."""
        self._process.kill()

    def morphemes(self, text: str) -> list[Morpheme]:
        return self.analyse([text])[0]

    def analyse(self, texts: Sequence[str]) -> list[list[Morpheme]]:
        found: list[list[Morpheme]] = []
        for some in _batches(texts):
            tokens: list[list[Token]] = self._ask("analyse", some)
            found += ([Morpheme(*token) for token in each] for each in tokens)
        return found

    def _ask(self, what: Question, about: object, *, within: float | None = None) -> Any:
        _require_thread()
        left = min(_deadline.get() - time.monotonic(), HUNG_SECONDS)
        if left <= 0 or not self._lock.acquire(timeout=left):
            raise AnalyserGone
        try:
            self._process.send((what, about))
            return self._process.receive(within=within or HUNG_SECONDS)
        except ProcessGone as error:
            raise AnalyserGone from error
        finally:
            self._lock.release()


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    batch: list[str] = []
    length = 0
    for text in texts:
        if batch and length + len(text) > MOST_CHARACTERS:
            yield batch
            batch, length = [], 0
        batch.append(text)
        length += len(text)
    if batch:
        yield batch


def _require_thread() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("the event loop must not wait for the analyser")


def serve(connection: Connection) -> None:
    """Runs in the process: loads the analyser, reports that it is ready, and answers until the pipe is closed."""
    analyser = LearnedAnalyser(connection.recv())
    connection.send(None)
    learning: threading.Thread | None = None
    while True:
        what, about = connection.recv()
        if what == "analyse":
            found = (analyser.morphemes(text) for text in about)
            connection.send([[(it.form, it.tag, it.start, it.end, it.known) for it in each] for each in found])
        elif what == "opinion":
            connection.send(analyser.opinion(about))
        elif not analyser.has_learned:  # nobody asks yet
            analyser.learn(about)
            connection.send(None)
        else:
            before = learning
            learning = threading.Thread(target=_learn, args=(analyser, about, before), daemon=True)
            learning.start()
            connection.send(None)


def _learn(analyser: LearnedAnalyser, topics: Sequence[Topic], before: threading.Thread | None) -> None:
    """What was told last is learned last."""
    if before is not None:
        before.join()
    analyser.learn(topics)
