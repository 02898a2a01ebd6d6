"""Many simultaneous streams on one process, and the resources that are left afterwards."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.e2e import databases
from tests.e2e.server import ROOT, RunningServer
from tests.e2e.sse import SELECTION, stream

STREAMS = 500
MOST_CONNECTIONS = 20


MOST_TO_REDIS = 8 if os.environ.get("TEST_REDIS_URL") else 0
"""Connections that were needed at once, and stay."""


def database_handles(pid: int) -> int:
    """Open files of the process that are the database, or its connections to it."""
    if databases.ON_POSTGRESQL:
        port = urlsplit(databases.URL).port or 5432
        return sum(bool(it.raddr) and it.raddr.port == port for it in psutil.Process(pid).net_connections("tcp"))
    folder = Path(f"/proc/{pid}/fd")
    targets = []
    for link in folder.iterdir():
        try:
            targets.append(str(link.readlink()))
        except FileNotFoundError:
            continue  # closed in the meantime
    return sum(target.endswith("db.sqlite3") for target in targets)


def most_database_handles(before: int) -> int:
    """The pool of connections keeps for a while what it needed; a file is opened once for each thread."""
    return MOST_CONNECTIONS if databases.ON_POSTGRESQL else before


def resources(pid: int) -> tuple[int, int, int]:
    """Threads, file handles but for those of the database, database handles."""
    process, handles = psutil.Process(pid), database_handles(pid)
    return process.num_threads(), process.num_fds() - handles, handles


def test_five_hundred_streams_at_once_all_complete_and_leave_nothing_behind() -> None:
    env = {"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "20", "LEAFRESH_ABANDON_SECONDS": "60"}
    with RunningServer(env=env) as server:
        list(stream(server.url, **SELECTION))  # what is started once and stays
        until_quiet(server)
        # Clients in another process: this one would be as busy as the server.
        expect_load_to_leave_nothing(server, "tests.e2e.load_client", STREAMS)


def expect_load_to_leave_nothing(server: RunningServer, client_module: str, count: int) -> None:
    """Runs the client process with ``count`` streams at once. All complete, and the server is as it was before."""
    before = resources(server.pid)
    command = [sys.executable, "-m", client_module, server.url, str(count)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as client:
        most = (0, 0, 0)
        while client.poll() is None:
            now = resources(server.pid)
            most = (max(most[0], now[0]), max(most[1], now[1]), max(most[2], now[2]))
            time.sleep(0.05)
        assert client.stdout is not None
        report = client.stdout.read()
    assert report == f"{count} complete\n"
    assert most[1] > count, "they were not open at once"
    assert most[0] == before[0]
    until_quiet(server)
    after = resources(server.pid)
    assert after[0] == before[0]
    assert before[1] <= after[1] <= before[1] + MOST_TO_REDIS
    assert max(most[2], after[2]) <= most_database_handles(before[2])
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
