"""Manages the analyser of this server.

The analyser is created when the server starts, or with the first message (LEAFRESH_ANALYSER). It is replaced when the
names that it should know change, or when its process ends. A message waits at most two seconds for it, and then uses a
rough analyser. While a lost analyser is being replaced, messages use the rough one at once.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import ParamSpec, TypeVar
from unicodedata import normalize

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from challenges.catalog import Choice, Options, options
from chatbot import executors
from chatbot.db.errors import give_back
from chatbot.nlu.analyser_process import AnalyserGone, AnalyserProcess, until
from chatbot.nlu.morphemes import MorphemeAnalyser, Topic
from chatbot.nlu.rough import RoughAnalyser
from chatbot.nlu.topics import described, topics_of

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often the manager checks whether an idle analyser has been stopped."""

ATTEMPTS = 2
"""How often a message waits for a new analyser: the first one may end before it is ready."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def names_of(known: Options) -> frozenset[str]:
    """The labels, aliases and keywords of all active options."""

    def words(choices: Iterable[Choice]) -> Iterable[str]:
        return (word for choice in choices for word in (choice.label, *choice.aliases, *choice.keywords))

    kinds = (known.categories, known.locations, known.work_types)
    return frozenset(normalize("NFC", word) for kind in kinds for word in words(kind.values()))


class TimeBudget:
    """The time that one message, or the titles of one answer, may wait for the analyser. ``left`` is the rest."""

    def __init__(self, seconds: float | None = None) -> None:
        self.left: float = settings.LEAFRESH_ANALYSER_SECONDS if seconds is None else seconds

    async def run(
        self,
        analyser: MorphemeAnalyser,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Runs a function that calls ``analyser`` in a thread, and returns its result.

        Raises AnalyserGone when the time is up, and Busy when too many calls wait.
        """
        if analyser.rough:
            return await executors.rough.run(function, *args, **kwargs)
        with until(time.monotonic() + self.left):
            return await self.wait(executors.analyser.run(function, *args, **kwargs))

    async def wait(self, result: Awaitable[Result]) -> Result:
        """Waits for the result. Raises AnalyserGone when the time is up."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.left):
                return await result
        except TimeoutError:
            raise AnalyserGone from None
        finally:
            self.left = max(0.0, self.left - (time.monotonic() - began))


class AnalyserManager:
    """Owns the analyser process. It creates it in the background, and replaces it when needed."""

    def __init__(self) -> None:
        self._ready: AnalyserProcess | None = None
        self._process: AnalyserProcess | None = None  # loaded, or being loaded
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyser-maker")
        self._making: tuple[frozenset[str], Future[AnalyserProcess]] | None = None
        self._rough = RoughAnalyser(frozenset())
        self._described: tuple[Options, Sequence[Topic]] | None = None
        self._topics: tuple[Topic, ...] = ()
        self._watch: threading.Thread | None = None
        self._end = threading.Event()

    @property
    def ready(self) -> AnalyserProcess | None:
        """The analyser if it is ready for calls."""
        return self._ready if self._ready is not None and self._ready.alive else None

    async def get(self, names: frozenset[str], budget: TimeBudget) -> MorphemeAnalyser:
        """The analyser for the names. While it is created, the previous one; if there is none in time, a rough one.

        While a lost analyser is being replaced, the rough one is returned at once, so that messages do not wait for
        seconds.
        """
        for _ in range(ATTEMPTS):
            making, ready = self.begin(names), self.ready
            if ready is not None or making is None or self._ready is not None:
                return ready or self._roughly(names)
            with suppress(AnalyserGone):
                return await budget.wait(asyncio.wrap_future(_cancellable(making)))
        return self._roughly(names)

    def _roughly(self, names: frozenset[str]) -> RoughAnalyser:
        """A rough analyser, the same object for the same names, because other modules cache data for each analyser."""
        if self._rough.names != names:
            self._rough = RoughAnalyser(names)
        return self._rough

    def begin(self, names: frozenset[str]) -> Future[AnalyserProcess] | None:
        """Starts to create an analyser that knows the names. None when there is one, or the server is ending."""
        ready, making = self.ready, self._making
        if self._end.is_set() or (ready is not None and ready.names == names):
            return None
        if making is not None and making[0] == names and not (making[1].done() and ready is None):
            return making[1]
        if self._process is not None and not self._process.alive:
            logger.warning(
                "The analyser hung or its process ended: another one is loaded. "
                "Until then messages are understood roughly."
            )
        self._making = (names, self._maker.submit(self._make, names))
        return self._making[1]

    def _make(self, names: frozenset[str]) -> AnalyserProcess:
        if self._end.is_set():
            raise AnalyserGone
        process = self._process = AnalyserProcess(names)
        process.load()
        if self._topics:
            process.learn(self._topics)
        self._ready = process
        if self._watch is None:
            self._watch = threading.Thread(target=self._look_after, daemon=True, name="analyser-watch")
            self._watch.start()
        return process

    def teach(self, known: Options, texts: Sequence[Topic] | None) -> None:
        """Has the analyser learn what categories are about when that changed. It answers meanwhile."""
        before = self._described
        if texts is None:
            texts = before[1] if before is not None else ()
        if before is not None and before[0] is known and before[1] is texts:
            return
        self._described = known, texts
        topics = topics_of(known, texts)
        if topics == self._topics or self._end.is_set():
            return
        self._topics = topics
        if (ready := self.ready) is not None:
            self._maker.submit(ready.learn, topics)

    def _look_after(self) -> None:
        """Replaces an idle analyser that was stopped, before the next message needs it."""
        while not self._end.wait(LOOK_SECONDS):
            if (ready := self._ready) is not None and ready.alive and ready.is_stopped:
                ready.close()
                self.replace()

    def replace(self) -> None:
        """Starts to create another analyser after a call has failed, before the next message needs it."""
        if self._ready is not None and self.ready is None:
            self.begin(self._ready.names)

    def close(self) -> None:
        """Ends the analyser, even while it is being loaded. Waiting messages get a rough one."""
        self._end.set()
        for each in (self._ready, self._process):
            if each is not None:
                each.close()
        self._maker.shutdown(wait=False, cancel_futures=True)


def _cancellable(making: Future[AnalyserProcess]) -> Future[AnalyserProcess]:
    """A future for the same result. Cancelling it does not stop the creation."""
    watched: Future[AnalyserProcess] = Future()

    def done(made: Future[AnalyserProcess]) -> None:
        if not watched.set_running_or_notify_cancel():
            return
        error = AnalyserGone() if made.cancelled() else made.exception()
        if error is None:
            watched.set_result(made.result())
        else:
            watched.set_exception(error)

    making.add_done_callback(done)
    return watched


_manager = AnalyserManager()


async def analyser_for(
    known: Options, budget: TimeBudget | None = None, texts: Sequence[Topic] | None = None
) -> MorphemeAnalyser:
    """The analyser that knows the names of what can be picked, and has learned from ``texts`` (``topics.described``);
    without them from those of before. A rough analyser when there is none in time."""
    _manager.teach(known, texts)
    return await _manager.get(names_of(known), budget or TimeBudget())


async def warm() -> None:
    """Creates the analyser before a message needs it. If the database does not answer, the first message creates it."""
    with suppress(DatabaseError, InterfaceError):
        known, texts = await sync_to_async(_described)()
        _manager.teach(known, texts)
        _manager.begin(names_of(known))


def _described() -> tuple[Options, Sequence[Topic]]:
    try:
        return options.get(), described.get()
    finally:
        give_back()


def rough_analyser(known: Options) -> MorphemeAnalyser:
    """A rough analyser in place of one that is gone. Starts to replace the latter."""
    _manager.replace()
    return _manager._roughly(names_of(known))


def loaded() -> AnalyserProcess | None:
    """The analyser if it is already loaded. Does not wait, and does not load it."""
    return _manager.ready


def close() -> None:
    """Ends the analyser when the server ends, so that no call waits for it."""
    _manager.close()
