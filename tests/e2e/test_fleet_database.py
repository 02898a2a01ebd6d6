"""The database of a fleet fails: streams through nginx continue, also those with subscribers at another process."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.fleet import RunningFleet, needs_a_fleet, until
from tests.e2e.postgresql import Cluster, programs
from tests.e2e.reader import Reading, read
from tests.e2e.server import prepare
from tests.e2e.sse import SELECTION

pytestmark = [needs_a_fleet, pytest.mark.skipif(programs() is None, reason="needs PostgreSQL's programs")]

OUTAGES: dict[str, tuple[Callable[[Cluster], None], Callable[[Cluster], None]]] = {
    "stopped": (Cluster.stop, Cluster.start),
    "frozen": (Cluster.freeze, Cluster.thaw),
}


@pytest.mark.parametrize("how", OUTAGES)
async def test_the_database_is_gone_for_four_seconds(how: str) -> None:
    go, come_back = OUTAGES[how]
    with Cluster() as cluster, tempfile.TemporaryDirectory(prefix="leafresh-test-") as directory:
        cluster.sql("CREATE DATABASE leafresh")
        url = cluster.url("leafresh")
        prepare(Path(directory), {"DATABASE_URL": url})
        with RunningFleet(2, DATABASE_URL=url, LEAFRESH_CATALOG_TOKEN_DELAY_MS="60") as fleet:
            seen = [Reading() for _ in range(20)]
            tasks = [
                asyncio.create_task(read(fleet.url, reading=reading, sessionId=f"s{number}", **SELECTION))
                for number, reading in enumerate(seen)
            ]
            async with asyncio.timeout(30):
                while any(len(reading.events) < 3 for reading in seen):
                    await asyncio.sleep(0.02)
            go(cluster)
            await asyncio.sleep(1)
            async with httpx.AsyncClient(timeout=30) as http:
                refused = await http.post(f"{fleet.url}/ai/chatbot/recommendation/base-info", json=SELECTION)
            assert (refused.status_code, refused.json()["data"], refused.headers["Retry-After"]) == (503, None, "5")
            await asyncio.sleep(3)
            come_back(cluster)
            for reading in await asyncio.gather(*tasks):
                reading.check()
                assert (reading.resets, reading.connections) == (0, 1)
            assert len({reading.events[0].id for reading in seen}) == 1

            def outcomes() -> list[str]:
                return [
                    str(outcome) for (outcome,) in cluster.sql("SELECT outcome FROM chatbot_generation", "leafresh")
                ]

            until(lambda: outcomes() and set(outcomes()) <= {"completed", "interrupted"}, "an end of every row")
            assert outcomes().count("completed") == 1
            until(lambda: all(fleet.metric(server, "rows_to_write") == 0 for server in fleet.servers))
            (await read(fleet.url, sessionId="afterwards", **SELECTION)).check()
