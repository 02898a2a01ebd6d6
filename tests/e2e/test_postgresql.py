"""Connections to a real PostgreSQL that is stopped, killed or frozen while they are used."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.postgresql import Cluster, programs
from tests.e2e.server import ROOT
from tests.e2e.test_lifecycle import until

pytestmark = pytest.mark.skipif(programs() is None, reason="needs PostgreSQL's programs (initdb, postgres)")

PROGRAM = """
import sys, threading
import django
django.setup()
from django.db import OperationalError, connection

def ask(results):
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        results.append("answered")
    except OperationalError:
        results.append("error")
    finally:
        connection.close()

def round():
    results = []
    threads = [threading.Thread(target=ask, args=(results,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return " ".join(sorted(set(results)))

for line in sys.stdin:
    if line.startswith("slow"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(3)")
        connection.close()
        print("slept", flush=True)
    else:
        print(round(), flush=True)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as running:
        yield running


class Client:
    """Sixteen threads of a process with the project's settings."""

    def __init__(self, cluster: Cluster, data_dir: Path) -> None:
        settings = {"DATABASE_URL": cluster.url(), "LEAFRESH_DATA_DIR": str(data_dir)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "leafresh.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str = "all") -> str:
        """What the threads got: ``answered``, ``error``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(what, file=self._process.stdin, flush=True)
        return self._process.stdout.readline().strip()

    def end(self) -> int:
        self._process.communicate()
        return self._process.returncode


@pytest.fixture
def client(cluster: Cluster, tmp_path: Path) -> Iterator[Client]:
    running = Client(cluster, tmp_path)
    assert running.ask() == "answered"
    yield running
    assert running.end() == 0


def test_a_frozen_server_is_an_error_and_no_wait_without_end(cluster: Cluster, client: Client) -> None:
    cluster.freeze()
    try:
        assert client.ask() == "error"
        assert client.ask() == "error"
    finally:
        cluster.thaw()
    until(lambda: client.ask() == "answered")


def test_a_server_that_was_killed_is_missed_only_while_it_is_gone(cluster: Cluster, client: Client) -> None:
    cluster.stop()
    assert client.ask() == "error"
    cluster.start()
    until(lambda: client.ask() == "answered")


def test_a_restart_between_two_requests_is_not_noticed(cluster: Cluster, client: Client) -> None:
    for _ in range(2):
        cluster.stop()
        cluster.start()
        assert client.ask() == "answered"


def test_a_slow_statement_is_waited_for(client: Client) -> None:
    assert client.ask("slow") == "slept"
