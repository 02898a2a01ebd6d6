"""Many streams at once on one process, and what is left of them afterwards."""

import re
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.e2e.server import ROOT, RunningServer
from tests.e2e.sse import SELECTION, stream

STREAMS = 500


def database_handles(pid: int) -> int:
    """Open files of the process that are the database."""
    folder = Path(f"/proc/{pid}/fd")
    targets = []
    for link in folder.iterdir():
        try:
            targets.append(str(link.readlink()))
        except FileNotFoundError:
            continue  # closed meanwhile
    return sum(target.endswith("db.sqlite3") for target in targets)


def resources(pid: int) -> tuple[int, int, int]:
    """Threads, file handles, database handles."""
    process = psutil.Process(pid)
    return process.num_threads(), process.num_fds(), database_handles(pid)


def test_five_hundred_streams_at_once_all_complete_and_leave_nothing_behind() -> None:
    env = {"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "20", "LEAFRESH_ABANDON_SECONDS": "60"}
    with RunningServer(env=env) as server:
        list(stream(server.url, **SELECTION))  # what is started once and stays
        until_quiet(server)
        before = resources(server.pid)
        # Clients in a process of their own: this one would be as busy as the server.
        command = [sys.executable, "-m", "tests.e2e.load_client", server.url, str(STREAMS)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
            most = (0, 0, 0)
            while client.poll() is None:
                now = resources(server.pid)
                most = (max(most[0], now[0]), max(most[1], now[1]), max(most[2], now[2]))
                time.sleep(0.05)
            assert client.stdout is not None
            report = client.stdout.read()
        assert report == f"{STREAMS} complete\n"
        assert most[1] > STREAMS, "the streams were not open at once"
        assert most[0] == before[0]
        assert most[2] <= before[2]
        until_quiet(server)
        assert resources(server.pid) == before
        assert not re.search("ERROR|Traceback|Warning", server.output)


def until_quiet(server: RunningServer) -> None:
    """Waits until the server has closed what it was done with."""
    deadline = time.monotonic() + 20
    previous = None
    while time.monotonic() < deadline:
        current = resources(server.pid)
        if current == previous:
            return
        previous = current
        time.sleep(0.5)
