"""Measures which processes used the processor during the load. Times of a server are meaningless without that."""

import contextlib
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import psutil

from benchmarks.usage import processor_seconds
from tests.e2e.server import RunningServer

ALL_ELSE = "all else on this machine"


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """Seconds of processor time up to a moment, by process. ``machine`` is the sum of all processes."""

    moment: float
    machine: float
    of: Mapping[str, float]

    @classmethod
    def now(cls, servers: Sequence[RunningServer]) -> Self:
        """The tool's own includes that of the generators that have ended."""
        times = psutil.cpu_times()
        machine = sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
        generators = resource.getrusage(resource.RUSAGE_CHILDREN)
        of = {"this tool": time.process_time() + generators.ru_utime + generators.ru_stime}
        for number, server in enumerate(servers, 1):
            with contextlib.suppress(psutil.NoSuchProcess, OSError):
                own = psutil.Process(server.pid).cpu_times()
                of[f"server {number}"] = own.user + own.system
                of[f"server {number}, its children"] = processor_seconds(server.pid) - own.user - own.system
        return cls(time.monotonic(), machine, of)

    def cores_since(self, before: Self) -> dict[str, float]:
        """How many cores each used on average between the two moments."""
        seconds = self.moment - before.moment
        used = {name: (self.of[name] - before.of[name]) / seconds for name in self.of if name in before.of}
        return {**used, ALL_ELSE: (self.machine - before.machine) / seconds - sum(used.values())}
