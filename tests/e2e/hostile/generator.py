"""``python -m tests.e2e.hostile.generator < PLAN``: clients that do what the plan says; prints what they saw.

Ordinary and hostile clients are in separate processes, so that what hostile ones cost their generator delays no
measurement of the ordinary ones.
"""

import asyncio
import os
import sys
from collections.abc import Iterable

import httpx

from tests.e2e.hostile import kinds
from tests.e2e.hostile.actor import Actor
from tests.e2e.hostile.plan import Client, Plan, Seen

LAG_SECONDS = 0.05
GRACE_SECONDS = 40.0
"""For ordinary clients to read the answers that they have begun."""

FIRST_SECONDS = 6.0
"""Clients do not all come at the same moment."""

MOST_ACTS = 10_000


async def watch_lag(lags: list[float]) -> None:
    """Notes by how many milliseconds this loop is late, until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_SECONDS
        await asyncio.sleep(LAG_SECONDS)
        lags.append((loop.time() - due) * 1000)


async def carry_out(plan: Plan) -> Seen:
    seen, over = Seen(), asyncio.Event()
    watching = asyncio.create_task(watch_lag(seen.lags))
    actors = [
        Actor.of(each, plan.url, seen, plan.seed * 1000 + number, over) for number, each in enumerate(plan.clients)
    ]
    at_work = [asyncio.create_task(_work(actor, plan.seconds / 3)) for actor in actors]
    await asyncio.sleep(plan.seconds)
    over.set()
    await _end(at_work, plan.clients)
    watching.cancel()
    await asyncio.gather(*(actor.http.aclose() for actor in actors))
    return seen


async def _end(at_work: "Iterable[asyncio.Task[None]]", clients: Iterable[Client]) -> None:
    """Hostile clients leave a moment later, wherever they are; ordinary ones read to the end."""
    patient = {task: client.kind == kinds.ORDINARY for task, client in zip(at_work, clients, strict=True)}
    await asyncio.wait(patient, timeout=1.5)
    for task, may_stay in patient.items():
        if not may_stay:
            task.cancel()
    await asyncio.wait(patient, timeout=GRACE_SECONDS)
    for task in patient:
        task.cancel()
    done = await asyncio.gather(*patient, return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, Exception):  # a fault of the tool
            raise outcome


async def _work(me: Actor, within: float) -> None:
    """Acts and pauses until the load is over; begins at a random moment ``within`` so many seconds."""
    kind = kinds.of(me.kind)
    await _pause(me, me.random.uniform(0, min(max(kind.pause_seconds, FIRST_SECONDS), within)))
    for _ in range(MOST_ACTS):
        if me.over.is_set():
            return
        try:
            async with asyncio.timeout(kind.longest_seconds):
                await kind.act(me)
        except TimeoutError:
            me.note(f"no end in {kind.longest_seconds:.0f} s")
        except (OSError, EOFError, httpx.HTTPError) as error:
            me.note("closed" if isinstance(error, OSError | httpx.NetworkError) else type(error).__name__)
        except asyncio.CancelledError:
            me.note("cut off at the end")
            raise
        await _pause(me, kind.pause_seconds * me.random.uniform(0.7, 1.3))


async def _pause(me: Actor, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await me.over.wait()
    except TimeoutError:
        return


def main() -> None:
    plan = Plan.from_json(sys.stdin.read())
    os.nice(plan.niceness)
    sys.stdout.write(asyncio.run(carry_out(plan)).as_json())


if __name__ == "__main__":
    main()
