"""The write retry queue: holds the ends of generations that the database could not store, and writes them later.

So a stream need not wait for its row, and a short outage of the database loses no row. The queue is only in the memory
of this process. It is tried every second, and once more when the server stops.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

from chatbot.db.errors import may_pass
from chatbot.generation.rows import GenerationEnd, record_end
from chatbot.models import Outcome

logger = logging.getLogger(__name__)

MOST = 10_000
"""The maximum number of ends in the queue, some kilobytes each. If it is full, the oldest are dropped."""

RETRY_SECONDS = 1.0

PATIENCE_SECONDS = 2.0
"""How long the last event of a stream waits at most until its row is written."""

AT_ONCE = 100
"""How many ends are written together. If the first batch fails, the others are not tried."""


class WriteRetryQueue:
    """The queue. Used on one event loop only. ``len()`` is the number of waiting ends."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: deque[GenerationEnd] = deque()
        self._writing: set[asyncio.Task[None]] = set()
        self._catching_up: asyncio.Task[None] | None = None
        self._at_once = asyncio.Event()
        # A separate thread: while the database is gone, each attempt blocks a thread for seconds.
        self._thread = ThreadSensitiveContext()

    def __len__(self) -> int:
        return len(self._kept)

    async def write(self, end: GenerationEnd) -> None:
        """Writes the row, or queues it after PATIENCE_SECONDS. Never raises.

        If the database refuses the values, this is logged, and the row is written without the answer.
        """
        task = asyncio.create_task(self._write(end))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)

    def keep(self, end: GenerationEnd) -> None:
        """Queues the row. It is written as soon as the database answers."""
        if len(self._kept) >= self._most:
            self._lose(self._kept.popleft())
        self._kept.append(end)
        if self._catching_up is None:
            logger.warning("the database does not answer: the ends of generations are written later")
            self._catching_up = asyncio.create_task(self._catch_up())

    def keep_if_there_is_room(self, end: GenerationEnd) -> None:
        """As ``keep``, for a generation that no client knows. It does nothing if the queue is half full."""
        if len(self._kept) < self._most // 2:
            self.keep(end)

    async def settle(self, seconds: float) -> None:
        """Tries once more when the server stops. Rows that are not written after ``seconds`` are lost."""
        deadline = asyncio.get_running_loop().time() + seconds
        self._at_once.set()
        while (left := deadline - asyncio.get_running_loop().time()) > 0 and (tasks := self._tasks()):
            await asyncio.wait(tasks, timeout=left)
        for end in self._kept:
            self._lose(end)

    def _tasks(self) -> set[asyncio.Task[None]]:
        return self._writing if self._catching_up is None else {*self._writing, self._catching_up}

    async def _write(self, end: GenerationEnd) -> None:
        try:
            await record_end(end)
        except Exception as error:  # the client gets the answer even if the database refuses it
            if may_pass(error):
                self.keep(end)
            else:
                await self._write_less(end, error)

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
        """Writes the oldest ends. Returns whether that worked."""
        batch = list(islice(self._kept, AT_ONCE))
        results = await asyncio.gather(*map(record_end, batch), return_exceptions=True)
        done = set()
        refused: list[tuple[GenerationEnd, BaseException]] = []
        for end, result in zip(batch, results, strict=True):
            if isinstance(result, Exception) and may_pass(result):
                continue
            done.add(end.generation_id)
            if isinstance(result, BaseException):
                refused.append((end, result))
        self._kept = deque(end for end in self._kept if end.generation_id not in done)
        if done:
            logger.warning("%d ends of generations were written late, %d are left", len(done), len(self._kept))
        await asyncio.gather(*(self._write_less(end, error) for end, error in refused))
        return len(done) == len(batch)

    async def _write_less(self, end: GenerationEnd, error: BaseException) -> None:
        """Writes an end that the database refused, without its texts.

        The row must not stay "running" for ever: other processes would wait for it.
        """
        outcome = end.result.outcome
        logger.error(
            "generation %s ended (%s), but its row could not be written", end.generation_id, outcome, exc_info=error
        )
        less = _without_words(end)
        if less != end:
            await self._write(less)

    def _lose(self, end: GenerationEnd) -> None:
        outcome = end.result.outcome
        logger.error("generation %s ended (%s), but its row was never written", end.generation_id, outcome)


def _without_words(end: GenerationEnd) -> GenerationEnd:
    """The end without any text of people or providers.

    A completed answer that is not in its row counts as failed. Clients still get it while its log is kept.
    """
    nothing: dict[str, Any] = {"answer": None, "raw": "", "tried": [], "mends": {}, "source": ""}
    uncounted: dict[str, Any] = {"tokens_in": None, "tokens_out": None}
    outcome = end.result.outcome
    if outcome in {Outcome.COMPLETED, Outcome.STOPPED}:
        outcome = Outcome.FAILED
    error = "How it ended could not be written."
    return replace(end, result=replace(end.result, outcome=outcome, error=error, **nothing, **uncounted))
