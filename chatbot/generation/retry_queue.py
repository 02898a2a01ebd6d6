"""The write retry queue: how generations ended, when the database did not take it; written once it does.

A stream does not wait for its row, and an outage of a minute loses no row. Until it is written, it is in this process's
memory alone. It is tried again every second, and once more when the server stops.
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
from chatbot.generation.records import GenerationEnd, record_end
from chatbot.models import Outcome

logger = logging.getLogger(__name__)

MOST = 10_000
"""Ends that are kept, some kilobytes each. The earliest make room for later ones."""

RETRY_SECONDS = 1.0

PATIENCE_SECONDS = 2.0
"""How long the last event of a stream waits for its row at most."""

AT_ONCE = 100
"""Ends that are tried together. The first batch shows whether the others have a chance."""


class WriteRetryQueue:
    """Used on one event loop only. ``len()`` is how many ends wait to be written."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: deque[GenerationEnd] = deque()
        self._writing: set[asyncio.Task[None]] = set()
        self._catching_up: asyncio.Task[None] | None = None
        self._at_once = asyncio.Event()
        # A separate thread: while the database is gone, each attempt holds a thread for seconds.
        self._thread = ThreadSensitiveContext()

    def __len__(self) -> int:
        return len(self._kept)

    async def write(self, end: GenerationEnd) -> None:
        """Returns when the row is written; after PATIENCE_SECONDS also when it is still to be written. Raises nothing:
        what the database refuses is logged, and written again without the answer."""
        task = asyncio.create_task(self._write(end))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)

    def keep(self, end: GenerationEnd) -> None:
        """The row is written as soon as the database answers."""
        if len(self._kept) >= self._most:
            self._lose(self._kept.popleft())
        self._kept.append(end)
        if self._catching_up is None:
            logger.warning("the database does not answer: how generations ended is written later")
            self._catching_up = asyncio.create_task(self._catch_up())

    def keep_if_there_is_room(self, end: GenerationEnd) -> None:
        """The same for a generation that no client knows: it leaves half of the room to others."""
        if len(self._kept) < self._most // 2:
            self.keep(end)

    async def settle(self, seconds: float) -> None:
        """Tries once more, at once, when the server stops. What is not written after ``seconds`` is lost."""
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
        except Exception as error:  # whatever the database refuses, the client gets the answer
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
        """Whether the earliest ends could be written."""
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
            logger.warning("%d endings were written late, %d are left", len(done), len(self._kept))
        await asyncio.gather(*(self._write_less(end, error) for end, error in refused))
        return len(done) == len(batch)

    async def _write_less(self, end: GenerationEnd, error: BaseException) -> None:
        """The database refused the end. A row must not say "running" for ever: other processes would wait for it."""
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
    """That the generation ended, without any text from outside. An answer that is not in its row counts as failed;
    clients still get it while its log is kept."""
    nothing: dict[str, Any] = {"answer": None, "raw": "", "tried": [], "mends": {}, "source": ""}
    uncounted: dict[str, Any] = {"tokens_in": None, "tokens_out": None}
    outcome = end.result.outcome
    if outcome in {Outcome.COMPLETED, Outcome.STOPPED}:
        outcome = Outcome.FAILED
    error = "How it ended could not be written."
    return replace(end, result=replace(end.result, outcome=outcome, error=error, **nothing, **uncounted))
