"""A large catalogue: the cost of a search, the time to build an index, and how late its rebuilding makes streams.

Started by ``python -m benchmarks.retrieval --rows 200000``. A task sleeps ten milliseconds at a time, as a stream's
writer does. Lateness is how much later than that it wakes.
"""

# Django's settings must be set up before its models are imported, so functions import what needs them.

import asyncio
import statistics
import time
from typing import Any

import psutil

TICK = 0.01

LIMIT_MS = 20.0
"""What a search may cost in CPU time."""

LATE_MS = 50.0
"""How late a stream may be."""


async def measure(rows: int) -> str:
    from asgiref.sync import sync_to_async

    from benchmarks.catalogue import fill, touch
    from benchmarks.retrieval import QUESTIONS, read_questions
    from chatbot.search import index_manager

    await sync_to_async(fill)(rows)
    index_manager.FIRST_WAIT_SECONDS = 3600.0
    index_manager.FRESH_WAIT_SECONDS = 3600.0
    questions = [question.text for question in read_questions(QUESTIONS)]
    asking = await Asking.begin()
    idle = await lateness(asyncio.sleep(60))
    before, began = memory(), time.perf_counter()
    first = await lateness(asking.once(questions[0]))
    lines = [
        f"{rows} challenges",
        f"first index: {time.perf_counter() - began:.1f} s, {memory() - before:.0f} MB more in this process",
    ]
    lines.append(costs([await asking.once(question) for question in questions * 2]))
    for what, change in (("one row", 1), ("every tenth row", 10)):
        await sync_to_async(touch)(rows if change == 1 else change)
        await asking.refresh()
        began = time.perf_counter()
        late = await lateness(asking.once(questions[0]))
        lines += [f"rebuilt after {what} changed: {time.perf_counter() - began:.1f} s", late_line("  meanwhile", late)]
    lines += [late_line("first build", first), late_line("no build", idle)]
    return "\n".join(lines) + "\n"


class Asking:
    """Searches as the service would, and what each costs."""

    def __init__(self, analyser: Any, known: Any, revisions: Any) -> None:
        self._analyser, self._known, self._revisions = analyser, known, revisions

    @classmethod
    async def begin(cls) -> "Asking":
        from asgiref.sync import sync_to_async

        from challenges import catalog, revisions
        from chatbot.nlu.analyser_manager import analyser_for

        tokens = await sync_to_async(revisions.read)()
        known = await sync_to_async(catalog.options.get)(tokens)
        return cls(await analyser_for(known), known, tokens)

    async def refresh(self) -> None:
        from asgiref.sync import sync_to_async

        from challenges import revisions

        self._revisions = await sync_to_async(revisions.read)()

    async def once(self, question: str) -> float:
        """CPU seconds of this process."""
        from chatbot.search.search import search

        began = time.process_time()
        await search(
            question,
            analyser=self._analyser,
            known=self._known,
            revisions=self._revisions,
            category="ZERO_WASTE",
            location="city",
            work_type="office",
            count=3,
        )
        return time.process_time() - began


def costs(seconds: list[float]) -> str:
    ms = sorted(second * 1000 for second in seconds)
    median, p99 = statistics.median(ms), ms[int(len(ms) * 0.99)]
    return f"CPU of a search: median {median:.1f} ms, p99 {p99:.1f} ms ({p99 / LIMIT_MS:.2f} of the limit)"


async def lateness(work: Any) -> list[float]:
    """Milliseconds that each tick was late while ``work`` ran."""
    late: list[float] = []
    task = asyncio.ensure_future(work)
    while not task.done():
        asked = time.perf_counter() + TICK
        await asyncio.sleep(TICK)
        late.append((time.perf_counter() - asked) * 1000)
    await task
    return sorted(late)


def late_line(what: str, late: list[float]) -> str:
    p50, p99 = late[len(late) // 2], late[int(len(late) * 0.99)]
    share = late[-1] / LATE_MS
    return (
        f"{what}: ticks late by p50 {p50:.1f} ms, p99 {p99:.1f} ms, most {late[-1]:.1f} ms ({share:.2f} of the limit)"
    )


def memory() -> float:
    return psutil.Process().memory_info().rss / 2**20
