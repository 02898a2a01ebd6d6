"""A connection that does not wait for a server that is gone.

A server that is stopped or killed breaks its connections; one whose machine is gone is noticed by TCP. One that is
frozen (a stopped process, a paused container, a disk that hangs) keeps its connections and answers nothing: a client
that only reads would wait for as long as that lasts. A slow statement looks the same from here, so who hears nothing
for a while asks the server, beside the connection, whether it is there.
"""

import socket
import threading
import time
from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import ConnStatus

from leafresh.postgresql.outage import outage

Value = TypeVar("Value")

SILENCE_SECONDS = 1.0
"""A statement that is not answered for so long makes its connection ask whether the server is there."""

ASKING_SECONDS = 1.0
"""How long the server has to answer that."""

_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
"""What a client may send first. The server answers with one byte, before it asks who that is."""


class AttentiveConnection(Connection[Any]):
    """Raises OperationalError when the server does not answer: some two seconds after it fell silent."""

    _drained_at = 0.0
    """When the pool was emptied for the last time, for all connections of the process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._made_at = time.monotonic()

    def wait(self, gen: PQGen[Value], *arguments: Any, **options: Any) -> Value:
        """psycopg calls this for whatever has to be waited for on an open connection."""
        try:
            return super().wait(self._attentively(gen), *arguments, **options)
        except OperationalError:
            if self.pgconn.status != ConnStatus.OK:
                self._drain()
            raise

    def _attentively(self, gen: PQGen[Value]) -> PQGen[Value]:
        """The generator itself, looked after while it waits: psycopg sends it 0 when nothing came for 0.1 seconds."""
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
            self.close()  # what it was asked may be answered later, and would be taken for another answer
            raise OperationalError("the server does not answer")

    def _drain(self) -> None:
        """The others of its pool were made by the same server: a thread should not have to try one after the other."""
        pool = self._pool
        if pool is not None and self._made_at > AttentiveConnection._drained_at:
            AttentiveConnection._drained_at = time.monotonic()
            pool.drain()  # type: ignore[attr-defined]  # psycopg says only that it is some pool


_asking = threading.Lock()
_answers: dict[tuple[str, str, int], tuple[float, bool]] = {}


def server_answers(host: str, address: str, port: int) -> bool:
    """Whether a PostgreSQL server at the host (or the directory of its socket) answers within ASKING_SECONDS. Threads
    that want to know at the same time ask once."""
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
