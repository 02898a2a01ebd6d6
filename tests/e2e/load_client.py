"""``python -m tests.e2e.load_client URL COUNT``: opens streams at once, checks each, prints how many were complete."""

import asyncio
import itertools
import sys

import httpx

from tests.e2e.sse import BASE_INFO, Event, laid_out, parse, tokens


def selections(url: str) -> list[dict[str, str]]:
    """Every selection that the server offers."""
    options = httpx.get(f"{url}/api/challenges/options").json()["data"]
    kinds = [[option["key"] for option in options[kind]] for kind in ("locations", "workTypes", "categories")]
    names = ("location", "workType", "category")
    return [dict(zip(names, keys, strict=True)) for keys in itertools.product(*kinds)]


async def open_streams(url: str, count: int) -> list[list[Event]]:
    """All at once, every stream on its own connection, each session with its own past or none."""
    offered = selections(url)
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=120, limits=limits) as client:

        async def one(number: int) -> list[Event]:
            params = {**offered[number % len(offered)], "sessionId": f"load{number}"}
            async with client.stream("GET", f"{url}{BASE_INFO}", params=params) as response:
                lines = [line async for line in response.aiter_lines()]
            return [event for event in parse(lines) if event.data]

        return await asyncio.gather(*(one(number) for number in range(count)))


def check(events: list[Event]) -> None:
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert events[-1].name == "close"
    assert tokens(events) == laid_out(events[-1].payload)
    assert len(events[-1].payload["challenges"]) == 3


def main(url: str, count: int) -> None:
    streams = asyncio.run(open_streams(url, count))
    for events in streams:
        check(events)
    sys.stdout.write(f"{len(streams)} complete\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
