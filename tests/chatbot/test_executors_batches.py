import asyncio
import threading
from collections.abc import Sequence

import pytest
from asgiref.sync import async_to_sync

from chatbot.executors import MOST_OF_BATCH, BatchExecutor, one_by_one


def halves(jobs: Sequence[int]) -> list[int | Exception]:
    return one_by_one(half, jobs)


def half(job: int) -> int:
    if job % 2:
        raise ValueError(f"{job} is odd")
    return job // 2


class Worker:
    """Halves numbers, and records the batches. The first call waits until the test releases it."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = threading.Event()

    def __call__(self, jobs: Sequence[int]) -> list[int | Exception]:
        self.batches.append(list(jobs))
        assert self.may_go_on.wait(10)
        return halves(jobs)


def test_what_waits_while_one_is_done_is_done_together() -> None:
    worker = Worker()
    together = BatchExecutor(worker)

    async def scenario() -> list[int | BaseException]:
        first = asyncio.create_task(together(2))
        while not worker.batches:
            await asyncio.sleep(0.001)
        others = [asyncio.create_task(together(job)) for job in (4, 5, 6)]
        await asyncio.sleep(0)
        worker.may_go_on.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    # In another thread: this one is where the work is done, as a database transaction of a test wants it.
    results = asyncio.run(scenario())
    assert worker.batches == [[2], [4, 5, 6]]
    assert [results[0], results[1], results[3]] == [1, 2, 3]
    assert repr(results[2]) == "ValueError('5 is odd')"


async def test_a_batch_has_a_bound() -> None:
    worker = Worker()
    worker.may_go_on.set()
    together = BatchExecutor(worker)
    results = await asyncio.gather(*(together(2 * number) for number in range(MOST_OF_BATCH + 1)))
    assert results == list(range(MOST_OF_BATCH + 1))
    assert [len(batch) for batch in worker.batches] == [MOST_OF_BATCH, 1]


async def test_what_fails_as_a_whole_fails_for_all_and_the_next_is_done() -> None:
    broken = True

    def work(jobs: Sequence[int]) -> list[int | Exception]:
        if broken:
            raise OSError("disk full")
        return halves(jobs)

    together = BatchExecutor(work)
    results = await asyncio.gather(together(2), together(4), return_exceptions=True)
    assert [repr(result) for result in results] == ["OSError('disk full')"] * 2
    broken = False
    assert await together(6) == 3


async def test_who_goes_away_keeps_nobody_from_an_answer() -> None:
    together = BatchExecutor(halves)
    gone, there = asyncio.create_task(together(2)), asyncio.create_task(together(4))
    await asyncio.sleep(0)
    gone.cancel()
    assert await there == 2
    with pytest.raises(asyncio.CancelledError):
        await gone


def test_every_event_loop_has_its_own_queue() -> None:
    together = BatchExecutor(halves)
    assert [async_to_sync(together)(2), async_to_sync(together)(4)] == [1, 2]


def test_who_waits_for_the_same_is_not_waited_for_one_after_the_other() -> None:
    tried: list[int] = []

    def wait(job: int) -> int:
        tried.append(job)
        if job % 2:
            raise TimeoutError(f"{job} is locked")
        return job

    def is_timeout(error: Exception) -> bool:
        return isinstance(error, TimeoutError)

    assert repr(one_by_one(wait, [1, 2, 4], slow=is_timeout)) == "[TimeoutError('1 is locked'), 2, 4]"
    assert repr(one_by_one(wait, [1, 2, 3, 4, 6], slow=is_timeout)) == (
        "[TimeoutError('1 is locked'), 2, TimeoutError('3 is locked'), TimeoutError('3 is locked'), "
        "TimeoutError('3 is locked')]"
    )
    assert tried == [1, 2, 4, 1, 2, 3]
