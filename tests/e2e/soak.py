"""``python -m tests.e2e.soak``: a fleet under people who do what they like, while its processes are killed.

Clients come, leave, stop and come back at random, through nginx, to three processes, of which one is killed every half
minute and started again. Each answer is checked to the character. What is printed at the end is the report; the exit
status is 1 when anything was lost, doubled or left behind.
"""

import argparse
import asyncio
import random
import signal
import sys
import time
import traceback
from collections import Counter
from typing import Any

import httpx
import psutil

from tests.e2e.fleet import RunningFleet
from tests.e2e.reader import Reading, client, read
from tests.e2e.sse import SELECTION

CATEGORIES = ("VEGAN", "PLOGGING", "MEDIA", "UPCYCLING", "ZERO_WASTE", "ENERGY_SAVING", "DIGITAL_CARBON")
LOCATIONS = ("city", "beach", "mountain", "rural")
KILL_SECONDS = 30.0
LONGEST_SECONDS = 60.0
"""An answer that takes longer counts as lost."""


class Soak:
    """One run: ``counts`` of all outcomes, and ``violations``, which must not occur."""

    def __init__(self, fleet: RunningFleet, clients: int, seed: int) -> None:
        self.fleet = fleet
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []
        self.memory: list[tuple[float, float]] = []
        self.over = False
        self._random = random.Random(seed)
        self._clients = clients
        self._http = client()

    async def run(self, seconds: float) -> None:
        began = time.monotonic()
        people = [asyncio.create_task(self._person(number)) for number in range(self._clients)]
        watching = asyncio.create_task(self._watch(began))
        killing = asyncio.create_task(self._kill())
        await asyncio.sleep(seconds)
        killing.cancel()
        self.over = True
        await asyncio.gather(*people)
        watching.cancel()
        await asyncio.gather(killing, watching, return_exceptions=True)
        await self._http.aclose()

    async def _person(self, number: int) -> None:
        """Asks, again and again, and does something else now and then."""
        await asyncio.sleep(self._random.uniform(0, 5))
        visit = 0
        while not self.over:
            visit += 1
            selection = {
                **SELECTION,
                "category": self._random.choice(CATEGORIES),
                "location": self._random.choice(LOCATIONS),
            }
            session = f"person{number}-{visit // 5}"
            mood = self._random.choices(("reads", "breaks", "stops", "leaves"), (5, 3, 1, 1))[0]
            try:
                await getattr(self, f"_{mood}")({"sessionId": session, **selection})
                self.counts[mood] += 1
            except Exception as error:  # whatever it is, it is what the run looks for
                self.violations.append(f"{mood} {session}: {error!r} {traceback.format_exc(limit=-2)}")
            await asyncio.sleep(self._random.uniform(0, 3))

    async def _reads(self, query: dict[str, str]) -> None:
        self._whole(await self._read(Reading(), query))

    async def _breaks(self, query: dict[str, str]) -> None:
        """Loses the connection several times."""
        reading = Reading()
        for _ in range(self._random.randint(1, 4)):
            seen = len(reading.events) + self._random.randint(1, 8)
            await self._read(reading, query, seen)
        self._whole(await self._read(reading, query))

    async def _leaves(self, query: dict[str, str]) -> None:
        await self._read(Reading(), query, self._random.randint(1, 20))

    async def _stops(self, query: dict[str, str]) -> None:
        reading = Reading()
        task = asyncio.create_task(self._read(reading, query))
        wanted = self._random.randint(1, 20)
        while not task.done() and len(reading.events) < wanted:
            await asyncio.sleep(0.05)
        if reading.events and not task.done():
            generation_id = reading.events[0].id.partition("generation-")[2].rpartition(":")[0]
            try:
                address = f"{self.fleet.url}/api/chatbot/generations/{generation_id}/stop"
                answer = await self._http.post(address, params={"sessionId": query["sessionId"]})
                self.counts[f"stop answered {answer.status_code}"] += 1
            except httpx.HTTPError:  # its process was killed
                self.counts["stop unanswered"] += 1
        self._whole(await task)

    async def _read(self, reading: Reading, query: dict[str, str], events: int | None = None) -> Reading:
        def enough(read_so_far: Reading) -> bool:
            return events is not None and len(read_so_far.events) >= events

        return await read(
            self.fleet.url,
            reading=reading,
            until=enough,
            patience_seconds=LONGEST_SECONDS,
            http=self._http,
            **query,
        )

    def _whole(self, reading: Reading) -> None:
        reading.check()
        self.counts["connections"] += reading.connections
        self.counts["resets"] += reading.resets
        for status in reading.refused:
            self.counts[f"refused {status}"] += 1

    async def _kill(self) -> None:
        """Kills the second and the third process in turn; the first shows how memory grows."""
        loop = asyncio.get_running_loop()
        turn = 0
        began = loop.time()
        while True:
            turn += 1
            await asyncio.sleep(began + turn * KILL_SECONDS - loop.time())
            victim = self.fleet.servers[1 + turn % 2]
            await loop.run_in_executor(None, victim.stop, signal.SIGKILL)
            self.counts["killed"] += 1
            await asyncio.sleep(2)
            await loop.run_in_executor(None, self.fleet.restart, victim)

    async def _watch(self, began: float) -> None:
        process = psutil.Process(self.fleet.servers[0].pid)
        while True:
            self.memory.append((time.monotonic() - began, process.memory_info().rss / 2**20))
            await asyncio.sleep(KILL_SECONDS)


def report(soak: Soak, seconds: float) -> None:
    write = sys.stdout.write
    write(f"\n{seconds:.0f} s, {soak.counts['killed']} processes killed\n")
    for name, count in sorted(soak.counts.items()):
        write(f"  {name:24} {count}\n")
    write("  memory of the process that was not killed (MiB): ")
    write(", ".join(f"{mib:.0f}" for _, mib in soak.memory) + "\n")
    write(f"  outcomes of rows: {dict(Counter(soak.fleet.outcomes()))}\n")
    write(f"violations: {len(soak.violations)}\n")
    for violation in soak.violations[:20]:
        write(f"  {violation}\n")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options: Any = parser.parse_args()
    seconds = options.minutes * 60
    with RunningFleet(3, LEAFRESH_CATALOG_TOKEN_DELAY_MS="30", LEAFRESH_ABANDON_SECONDS="5") as fleet:
        soak = Soak(fleet, options.clients, options.seed)
        asyncio.run(soak.run(seconds))
        try:
            fleet.check_nothing_is_left()
        except AssertionError as error:
            soak.violations.append(f"left behind: {error}")
        report(soak, seconds)
        return 1 if soak.violations else 0


if __name__ == "__main__":
    sys.exit(main())
