"""``python -m benchmarks.streams [COUNT]``: what open streams cost one process, beside the limits it is to keep.

Opens COUNT streams at once (500 unless told) on a real server, with clients in a process of their own, and prints
threads, database handles, memory per stream and processor time, each as a share of its limit. Stops with status 1 when
a stream was not whole or a limit is passed.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

import psutil

from tests.e2e.server import ROOT, RunningServer
from tests.e2e.sse import SELECTION, stream
from tests.e2e.test_load import database_handles


@dataclass(frozen=True)
class Figure:
    """One measured value beside its limit."""

    name: str
    value: float
    limit: float

    def row(self) -> str:
        return f"{self.name:<36} {self.value:>10.1f} {self.limit:>10.1f} {self.value / self.limit:>8.2f}"


def measure(count: int) -> list[Figure]:
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "20", "LEAFRESH_ABANDON_SECONDS": "60"}) as server:
        for _ in range(20):
            list(stream(server.url, **SELECTION))
        process = psutil.Process(server.pid)
        rss, cpu = process.memory_info().rss, sum(process.cpu_times()[:2])
        command = [sys.executable, "-m", "tests.e2e.load_client", server.url, str(count)]
        most_threads = most_handles = most_rss = most_open = 0
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
            while client.poll() is None:
                most_threads = max(most_threads, process.num_threads())
                most_handles = max(most_handles, database_handles(server.pid))
                most_open = max(most_open, process.num_fds())
                most_rss = max(most_rss, process.memory_info().rss)
                time.sleep(0.05)
            assert client.stdout is not None
            if client.stdout.read() != f"{count} complete\n":
                sys.exit("not every stream was whole")
        spent = sum(process.cpu_times()[:2]) - cpu
    return [
        Figure("threads", most_threads, 64),
        Figure("database handles", most_handles, 32),
        Figure("memory per stream (KB)", (most_rss - rss) / 1024 / count, 75),
        Figure("open files beside the streams", most_open - count, 64),
        Figure("processor ms per stream", spent * 1000 / count, 50),
    ]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    figures = measure(count)
    sys.stdout.write(f"{count} streams at once\n{'':<36} {'measured':>10} {'limit':>10} {'ratio':>8}\n")
    sys.stdout.writelines(f"{figure.row()}\n" for figure in figures)
    if any(figure.value > figure.limit for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
