"""Endings that could not be written when they came, because the database did not answer: written once it does.

A stream does not wait for its row, and a database that is gone for a minute costs no answer's row. What is not written
is in this process's memory alone: it is tried again every second, and once more when the server stops.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

from chatbot.db.errors import may_pass
from chatbot.generation.records import GenerationEnd, record_end
from chatbot.models import Outcome

logger = logging.getLogger(__name__)

MOST = 10_000
"""Endings that are kept; the earliest are dropped for later ones. Some kilobytes each."""

RETRY_SECONDS = 1.0

PATIENCE_SECONDS = 2.0
"""How long the last event of a stream waits for its row at most."""

AT_ONCE = 100
"""Endings that are tried together; the first batch says whether the others have a chance."""


class WriteRetryQueue:
    """The endings of one event loop. ``len()`` is how many wait to be written."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: deque[GenerationEnd] = deque()
        self._writing: set[asyncio.Task[None]] = set()
        self._catching_up: asyncio.Task[None] | None = None
        self._at_once = asyncio.Event()
        # A thread of its own: while the database is gone, each attempt holds one for seconds.
        self._thread = ThreadSensitiveContext()

    def __len__(self) -> int:
        return len(self._kept)

    async def write(self, ending: GenerationEnd) -> None:
        """Writes the ending's row. Returns when it is written, or after PATIENCE_SECONDS, when it will be. Raises
        nothing: what the database refuses is logged, and written once more without the answer."""
        task = asyncio.create_task(self._write(ending))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)

    def keep(self, ending: GenerationEnd) -> None:
        """The ending is written as soon as the database answers."""
        if len(self._kept) >= self._most:
            self._lose(self._kept.popleft())
        self._kept.append(ending)
        if self._catching_up is None:
            logger.warning("the database does not answer: how generations ended is written later")
            self._catching_up = asyncio.create_task(self._catch_up())

    def keep_if_there_is_room(self, ending: GenerationEnd) -> None:
        """The same for an ending that makes way for others: of a generation that nobody was told of."""
        if len(self._kept) < self._most // 2:
            self.keep(ending)

    async def settle(self, seconds: float) -> None:
        """Tries once more, at once, when the server stops; what is not written after ``seconds`` is lost."""
        deadline = asyncio.get_running_loop().time() + seconds
        self._at_once.set()
        while (left := deadline - asyncio.get_running_loop().time()) > 0 and (tasks := self._tasks()):
            await asyncio.wait(tasks, timeout=left)
        for ending in self._kept:
            self._lose(ending)

    def _tasks(self) -> set[asyncio.Task[None]]:
        return self._writing if self._catching_up is None else {*self._writing, self._catching_up}

    async def _write(self, ending: GenerationEnd) -> None:
        try:
            await record_end(ending)
        except Exception as error:  # whatever the database refuses, the person gets the answer
            if may_pass(error):
                self.keep(ending)
            else:
                await self._write_less(ending, error)

    async def _catch_up(self) -> None:
        SyncToAsync.thread_sensitive_context.set(self._thread)
        try:
            while self._kept:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._at_once.wait(), RETRY_SECONDS)
                self._at_once.clear()
                while self._kept and await self._written():
                    pass
        finally:
            self._catching_up = None

    async def _written(self) -> bool:
        """Whether the earliest endings could be written."""
        batch = list(islice(self._kept, AT_ONCE))
        results = await asyncio.gather(*map(record_end, batch), return_exceptions=True)
        done = set()
        refused: list[tuple[GenerationEnd, BaseException]] = []
        for ending, result in zip(batch, results, strict=True):
            if isinstance(result, Exception) and may_pass(result):
                continue
            done.add(ending.generation_id)
            if isinstance(result, BaseException):
                refused.append((ending, result))
        self._kept = deque(ending for ending in self._kept if ending.generation_id not in done)
        if done:
            logger.warning("%d endings were written late, %d are left", len(done), len(self._kept))
        await asyncio.gather(*(self._write_less(ending, error) for ending, error in refused))
        return len(done) == len(batch)

    async def _write_less(self, ending: GenerationEnd, error: BaseException) -> None:
        """The database refused the ending: a row that says "running" for ever would have others wait."""
        outcome = ending.result.outcome
        logger.error(
            "generation %s ended (%s), but its row could not be written", ending.generation_id, outcome, exc_info=error
        )
        less = _without_words(ending)
        if less != ending:
            await self._write(less)

    def _lose(self, ending: GenerationEnd) -> None:
        outcome = ending.result.outcome
        logger.error("generation %s ended (%s), but its row was never written", ending.generation_id, outcome)


def _without_words(ending: GenerationEnd) -> GenerationEnd:
    """That the generation ended, and nothing that came from outside. An answer that is not in its row is none there;
    who comes back while its events are kept still gets them."""
    nothing: dict[str, Any] = {"answer": None, "raw": "", "tried": [], "mends": {}, "source": ""}
    uncounted: dict[str, Any] = {"tokens_in": None, "tokens_out": None}
    outcome = ending.result.outcome
    if outcome in {Outcome.COMPLETED, Outcome.STOPPED}:
        outcome = Outcome.FAILED
    error = "How it ended could not be written."
    return replace(ending, result=replace(ending.result, outcome=outcome, error=error, **nothing, **uncounted))


_retry_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, WriteRetryQueue] = WeakKeyDictionary()


def retry_queue() -> WriteRetryQueue:
    """What the running event loop still has to write, made when it is first asked for. A server has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _retry_queues:
        _retry_queues[loop] = WriteRetryQueue()
    return _retry_queues[loop]
