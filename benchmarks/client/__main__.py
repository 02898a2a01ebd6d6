"""``python -m benchmarks.client < PLAN``: carries out a plan, prints what it saw."""

import asyncio
import gc
import itertools
import resource
import sys
import time
from typing import cast
from urllib.parse import urlencode

import uvloop

from benchmarks.answers import expected
from benchmarks.client.checking import Fault, check_ours, check_peer
from benchmarks.client.plan import Ask, Plan, Seen
from benchmarks.client.timing import added_by, delays_of
from benchmarks.client.wire import Arrival, BadResponse, SentEvent, read_events


class Stream(asyncio.Protocol):
    """One request on a connection of its own; what comes is kept with its moment, and read later."""

    def __init__(self, request: bytes) -> None:
        self.arrivals: list[Arrival] = []
        self.asked_at = 0
        self.over = asyncio.get_running_loop().create_future()
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.asked_at = time.monotonic_ns()
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self.arrivals.append((time.monotonic_ns(), data))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def open_stream(plan: Plan, ask: Ask, port: int, began: float) -> Stream:
    """Opens the stream when its time has come, and waits for its end."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(began + ask.at - loop.time())
    head = f"GET {plan.path}?{urlencode(ask.query)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    request = f"{head}Accept: text/event-stream\r\nConnection: close\r\n\r\n".encode()
    transport, stream = await loop.create_connection(lambda: Stream(request), "127.0.0.1", port)
    try:
        async with asyncio.timeout_at(began + plan.seconds):
            await stream.over
    finally:
        transport.abort()
    return stream


async def carry_out(plan: Plan) -> list[Stream | BaseException]:
    began = asyncio.get_running_loop().time() + 0.05
    in_turns = zip(plan.asks, itertools.cycle(plan.ports), strict=False)
    streams = [open_stream(plan, ask, port, began) for ask, port in in_turns]
    return await asyncio.gather(*streams, return_exceptions=True)


def check(plan: Plan, ask: Ask, events: list[SentEvent]) -> None:
    """Raises Fault."""
    text, layout = expected(ask.label, plan.tokens) if plan.tokens else (None, None)
    if plan.dialect == "ours":
        check_ours(events, layout)
    else:
        check_peer(events, text)


def examine(plan: Plan, streams: list[Stream | BaseException], seen: Seen) -> None:
    """Reads and checks all that came."""
    for ask, stream in zip(plan.asks, streams, strict=True):
        if isinstance(stream, BaseException):
            seen.faults.append(f"{type(stream).__name__}: {stream}")
            continue
        try:
            events = read_events(stream.arrivals)
            check(plan, ask, events)
        except (Fault, BadResponse, ValueError, KeyError) as error:
            seen.faults.append(f"{type(error).__name__}: {error}")
            continue
        added = added_by(events, stream.asked_at)
        if added is not None:
            seen.added.append(round(added, 3))
        seen.delays.extend(round(delay, 3) for delay in delays_of(events))


def main() -> None:
    plan = Plan.from_json(sys.stdin.read())
    gc.disable()  # a pause here would count as a delay of the server
    began = time.monotonic()
    streams = uvloop.run(carry_out(plan))
    wall = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    received = sum(len(stream.arrivals) for stream in streams if isinstance(stream, Stream))
    seen = Seen(events=received, wall=wall, client_cpu=usage.ru_utime + usage.ru_stime)
    examine(plan, streams, seen)
    sys.stdout.write(seen.as_json())


if __name__ == "__main__":
    main()
