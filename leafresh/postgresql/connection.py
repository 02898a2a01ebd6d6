"""Connections that do not wait for a PostgreSQL server that is gone.

A server that stops closes its connections, and TCP detects a machine that is gone. A frozen server (a stopped process,
a paused container, a disk that hangs) keeps its connections open but does not answer. A client that only reads would
wait without end. A slow statement looks the same. So after a time without data, the client asks the server through
another connection whether it still answers.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus

Value = TypeVar("Value")

SILENCE_SECONDS = 1.0
"""After so long without data, a waiting connection checks whether the server still answers."""

ASKING_SECONDS = 1.0
"""The time limit of the check whether the server answers."""

PATIENCE_SECONDS = 0.2
"""During an outage: how long other threads wait for the thread that tries to connect.

An attempt takes less time when the server is back.
"""

PAUSE_SECONDS = 0.5
"""During an outage: the pause after an attempt that failed."""

_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""The request for TLS, which a client may send first. The server answers with one byte, before any login."""


class Outage:
    """The state of an outage, shared by the threads of a process.

    One thread at a time tries to connect, and the others fail soon. A process has few threads: if each of them waited
    for the server, requests would queue.
    """

    def __init__(self) -> None:
        self._is_on = False
        self._failed_at = 0.0
        self._trying = threading.Lock()

    def began(self) -> None:
        """Records that the server does not answer."""
        self._failed_at = time.monotonic()
        self._is_on = True

    @contextmanager
    def attempt(self, has_connection: Callable[[], bool]) -> Iterator[None]:
        """A context in which a thread gets a connection. Raises psycopg's OperationalError during an outage.

        ``has_connection`` tells whether the pool has a connection now.
        """
        alone = self._is_on and not has_connection() and self._wait_for_turn()
        try:
            yield
        except OperationalError:
            self.began()
            raise
        else:
            self._is_on = False
        finally:
            if alone:
                self._trying.release()

    def _wait_for_turn(self) -> bool:
        """Returns True when this thread must try to connect, and False when the server is back."""
        if self._has_just_failed() or not self._trying.acquire(timeout=PATIENCE_SECONDS):
            raise OperationalError("the server did not answer a moment ago")
        if self._is_on and not self._has_just_failed():
            return True
        self._trying.release()
        if self._is_on:
            raise OperationalError("the server did not answer a moment ago")
        return False

    def _has_just_failed(self) -> bool:
        return time.monotonic() - self._failed_at < PAUSE_SECONDS


outage = Outage()


class AttentiveConnection(Connection[Any]):
    """A connection that raises OperationalError about two seconds after the server has stopped answering."""

    _drained_at = 0.0
    """When the pool of the process was last emptied."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._made_at = time.monotonic()

    def wait(self, gen: PQGen[Value], *arguments: Any, **options: Any) -> Value:
        """psycopg calls this method for every wait on an open connection."""
        try:
            return super().wait(self._attentively(gen), *arguments, **options)
        except OperationalError:
            if self.pgconn.status != ConnStatus.OK:
                self._drain()
            raise

    def _attentively(self, gen: PQGen[Value]) -> PQGen[Value]:
        """Wraps the generator to measure its waits: psycopg sends it 0 when no data arrived for 0.1 seconds."""
        try:
            wanted = next(gen)
            silent_since = None
            while True:
                ready = yield wanted
                if ready:
                    silent_since = None
                else:
                    silent_since = silent_since or time.monotonic()
                    if time.monotonic() - silent_since > SILENCE_SECONDS:
                        self._ask()
                        silent_since = None
                wanted = gen.send(ready)
        except StopIteration as end:
            value: Value = end.value
            return value

    def _ask(self) -> None:
        if not server_answers(self.pgconn.host.decode(), self.pgconn.hostaddr.decode(), int(self.pgconn.port)):
            outage.began()
            self.close()  # a late answer would be read as the answer to the next statement
            raise OperationalError("the server does not answer")

    def _drain(self) -> None:
        """Empties the pool: its other connections are to the same server, and threads should not try each of them."""
        pool = self._pool
        if pool is not None and self._made_at > AttentiveConnection._drained_at:
            AttentiveConnection._drained_at = time.monotonic()
            pool.drain()  # type: ignore[attr-defined]  # psycopg's type does not have this method


_asking = threading.Lock()
_answers: dict[tuple[str, str, int], tuple[float, bool]] = {}


def server_answers(host: str, address: str, port: int) -> bool:
    """Whether a PostgreSQL server at the host (or the directory of its socket) answers within ASKING_SECONDS.

    Threads that ask at the same time share one check.
    """
    key = (host, address, port)
    wanted_at = time.monotonic()
    with _asking:
        known = _answers.get(key)
        if known is None or known[0] < wanted_at:
            answered = _answers_now(host, address, port)
            known = _answers[key] = (time.monotonic(), answered)
        return known[1]


def _answers_now(host: str, address: str, port: int) -> bool:
    try:
        with _connected(host, address, port) as asking:
            asking.settimeout(ASKING_SECONDS)
            asking.sendall(_SSL_REQUEST)
            return asking.recv(1) != b""
    except OSError:
        return False


def _connected(host: str, address: str, port: int) -> socket.socket:
    if not host.startswith(("/", "@")):
        return socket.create_connection((address or host, port), ASKING_SECONDS)
    local = socket.socket(socket.AF_UNIX)
    try:
        local.settimeout(ASKING_SECONDS)
        directory = f"\0{host[1:]}" if host.startswith("@") else host
        local.connect(f"{directory}/.s.PGSQL.{port}")
    except OSError:
        local.close()
        raise
    return local
