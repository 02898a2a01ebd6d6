"""Connections to PostgreSQL: what is set for them, and a server that falls silent while one waits for it."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured

from leafresh import postgresql
from leafresh.postgresql import connection
from leafresh.postgresql.connection import AttentiveConnection, Outage, server_answers
from tests.e2e.server import ROOT
from tests.leafresh.test_variables import configured

SHOW = """
import django, json, sys
django.setup()
from django.conf import settings
database = settings.DATABASES["default"]
options = {name: value for name, value in database["OPTIONS"].items() if isinstance(value, int | str)}
imported = "leafresh.postgresql" in sys.modules
print(json.dumps([database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"], options, imported]))
"""
WITHOUT_DRIVER = "import sys; sys.modules.update(dict.fromkeys(('psycopg', 'psycopg_pool')))"
"""Makes every import of these fail, as if they were not installed."""


def shown(tmp_path: Path, program: str = SHOW, **env: str) -> list[Any]:
    settings = {"DJANGO_SETTINGS_MODULE": "leafresh.settings", "LEAFRESH_DATA_DIR": str(tmp_path), **env}
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True).stdout
    found: list[Any] = json.loads(printed)
    return found


def test_the_embedded_default_needs_no_driver(tmp_path: Path) -> None:
    assert shown(tmp_path)[3] is False
    assert shown(tmp_path, WITHOUT_DRIVER + SHOW) == shown(tmp_path)


def test_every_wait_for_postgresql_ends(tmp_path: Path) -> None:
    url = "postgres://leafresh:secret@db.example.com/leafresh?sslmode=require&connect_timeout=7"
    age, checked, options, imported = shown(tmp_path, DATABASE_URL=url)
    assert (age, checked, imported) == (0, True, True)
    assert options.items() >= {"sslmode": "require", "connect_timeout": 7, "tcp_user_timeout": 3000}.items()
    assert options["options"] == "-c lock_timeout=5s"
    more = shown(tmp_path, DATABASE_URL=f"{url}&options=-c%20search_path%3Dleafresh")[2]
    assert more["options"] == "-c lock_timeout=5s -c search_path=leafresh"


def test_the_pool_has_a_connection_for_every_thread() -> None:
    pool = postgresql.options({})["pool"]
    assert pool["max_size"] >= 16
    assert pool["timeout"] <= 3


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"pip install 'psycopg\[binary,pool\]'\.$") as raised:
        configured(DATABASE_URL="postgres://user:secret@localhost/leafresh")
    assert "secret" not in str(raised.value)


@contextmanager
def server(listening: socket.socket, answer: bytes | None) -> Iterator[None]:
    """Answers the first client with ``answer``; None: accepts it and says nothing."""
    with listening:
        listening.listen()

        def serve() -> None:
            with listening.accept()[0] as client:
                assert client.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
                if answer is not None:
                    client.sendall(answer)
                client.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


@pytest.mark.parametrize(("answer", "expected"), [(b"N", True), (b"S", True), (b"", None), (None, False)])
def test_a_server_is_there_when_it_says_a_byte(
    monkeypatch: pytest.MonkeyPatch, answer: bytes | None, expected: bool | None
) -> None:
    monkeypatch.setattr(connection, "ASKING_SECONDS", 60 if answer else 0.2)
    listening = socket.create_server(("127.0.0.1", 0))
    with server(listening, answer):
        assert server_answers("localhost", "127.0.0.1", listening.getsockname()[1]) is bool(expected)


def test_a_server_may_be_behind_a_socket_in_a_directory(tmp_path: Path) -> None:
    local = socket.socket(socket.AF_UNIX)
    local.bind(str(tmp_path / ".s.PGSQL.5432"))
    with server(local, b"N"):
        assert server_answers(str(tmp_path), "", 5432)
    assert not server_answers(str(tmp_path / "elsewhere"), "", 5432)


def test_a_server_that_refuses_connections_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert not server_answers("127.0.0.1", "", port)


def statement(waits: list[int]) -> Generator[int, int, str]:
    """As psycopg's: yields what it waits for until it has been ready; notes what it was sent."""
    while True:
        waits.append((yield 1))
        if waits[-1]:
            return "done"


class Waiting(AttentiveConnection):
    """Without a server."""

    def __init__(self) -> None:
        self.asked = 0

    def _ask(self) -> None:
        self.asked += 1
        if self.asked == 3:
            raise psycopg.OperationalError("the server does not answer")

    def __del__(self, *_: Any) -> None:
        pass


def test_a_silent_server_is_asked_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SILENCE_SECONDS", -1)
    waits: list[int] = []
    waiting: Any = Waiting()._attentively(statement(waits))  # type: ignore[arg-type]  # numbers for psycopg's enums
    assert next(waiting) == 1
    assert [waiting.send(0), waiting.send(0)] == [1, 1]
    with pytest.raises(psycopg.OperationalError, match="does not answer"):
        waiting.send(0)
    assert waits == [0, 0]


def test_an_answer_is_passed_on() -> None:
    waiting: Any = Waiting()._attentively(statement([]))  # type: ignore[arg-type]  # numbers for psycopg's enums
    next(waiting)
    with pytest.raises(StopIteration) as ended:
        waiting.send(1)
    assert ended.value.value == "done"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Outage:
    monkeypatch.setattr("leafresh.postgresql.connection.PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr("leafresh.postgresql.connection.PAUSE_SECONDS", 0)
    return Outage()


def fail(outage: Outage, *, why: str = "no connection", has_connection: bool = False) -> None:
    with pytest.raises(psycopg.OperationalError, match=why), outage.attempt(lambda: has_connection):
        raise psycopg.OperationalError("no connection")


def succeed(outage: Outage, *, has_connection: bool = False) -> None:
    with outage.attempt(lambda: has_connection):
        pass


def test_one_thread_at_a_time_waits_for_a_server_that_is_gone(impatient: Outage) -> None:
    with impatient.attempt(lambda: False):
        succeed(impatient)  # it is there: all at once
    fail(impatient)
    with impatient.attempt(lambda: False):
        fail(impatient, why="a moment ago")
        succeed(impatient, has_connection=True)  # what can be had at once is had, and ends the outage
        succeed(impatient)
    impatient.began()
    fail(impatient)
    fail(impatient)  # who failed lets another try
    succeed(impatient)


def test_nobody_tries_again_at_once(impatient: Outage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leafresh.postgresql.connection.PAUSE_SECONDS", 30)
    fail(impatient)
    fail(impatient, why="a moment ago")
    succeed(impatient, has_connection=True)
    succeed(impatient)


def test_who_waits_for_the_one_goes_on_when_the_server_is_back(
    impatient: Outage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leafresh.postgresql.connection.PATIENCE_SECONDS", 30)
    impatient.began()
    together = threading.Barrier(3)

    def attempt() -> None:
        with impatient.attempt(lambda: False):
            together.wait(30)

    others = [threading.Thread(target=attempt) for _ in range(2)]
    with impatient.attempt(lambda: False):
        for other in others:
            other.start()
    together.wait(30)  # both at once
    for other in others:
        other.join()
