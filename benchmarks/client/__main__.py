"""``python -m benchmarks.client < PLAN``: carries out a plan and prints its report."""

import asyncio
import gc
import itertools
import json
import resource
import sys
import time
from dataclasses import asdict
from typing import cast
from urllib.parse import urlencode

import uvloop

from benchmarks.answers import expected
from benchmarks.client.events import (
    Arrival,
    Fault,
    ReceivedEvent,
    added_time,
    check_ours,
    check_peer,
    delays_of,
    read_events,
)
from benchmarks.client.plan import Plan, PlannedStream, Report


class Stream(asyncio.Protocol):
    """One request on a new connection. It keeps what arrives with its moment, to be read later."""

    def __init__(self, request: bytes) -> None:
        self.arrivals: list[Arrival] = []
        self.requested_at = 0
        self.over = asyncio.get_running_loop().create_future()
        self._request = request

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.requested_at = time.monotonic_ns()
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self.arrivals.append((time.monotonic_ns(), data))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)


async def open_stream(plan: Plan, planned: PlannedStream, port: int, began: float) -> Stream:
    """Opens the stream at its moment and waits for its end."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(began + planned.at - loop.time())
    head = f"GET {plan.path}?{urlencode(planned.query)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
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
    in_turns = zip(plan.streams, itertools.cycle(plan.ports), strict=False)
    streams = [open_stream(plan, planned, port, began) for planned, port in in_turns]
    return await asyncio.gather(*streams, return_exceptions=True)


def check(plan: Plan, planned: PlannedStream, events: list[ReceivedEvent]) -> None:
    """Raises Fault."""
    text, layout = expected(planned.label, plan.tokens) if plan.tokens else (None, None)
    if plan.dialect == "ours":
        check_ours(events, layout)
    else:
        check_peer(events, text)


def examine(plan: Plan, streams: list[Stream | BaseException], report: Report) -> None:
    """Reads and checks all that arrived."""
    for planned, stream in zip(plan.streams, streams, strict=True):
        if isinstance(stream, BaseException):
            report.faults.append(f"{type(stream).__name__}: {stream}")
            continue
        try:
            events = read_events(stream.arrivals)
            check(plan, planned, events)
        except (Fault, ValueError, KeyError) as error:
            report.faults.append(f"{type(error).__name__}: {error}")
            continue
        added = added_time(events, stream.requested_at)
        if added is not None:
            report.added.append(round(added, 3))
        report.delays.extend(round(delay, 3) for delay in delays_of(events))


def main() -> None:
    plan = Plan.from_json(sys.stdin.read())
    gc.disable()  # a pause here would count as a delay of the server
    began = time.monotonic()
    streams = uvloop.run(carry_out(plan))
    wall = time.monotonic() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    received = sum(len(stream.arrivals) for stream in streams if isinstance(stream, Stream))
    report = Report(events=received, wall=wall, client_cpu=usage.ru_utime + usage.ru_stime)
    examine(plan, streams, report)
    sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False))


if __name__ == "__main__":
    main()
