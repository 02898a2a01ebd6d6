"""Limits of WebSockets: many connections, clients that do not read, and clients that send too much."""

import contextlib
import itertools
import socket

import psutil
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.e2e.server import RunningServer
from tests.e2e.sse import SELECTION
from tests.e2e.test_load import expect_load_to_leave_nothing, until_quiet
from tests.e2e.websocket import ask, close_code, opened, receive, tell

CONNECTIONS = 200
MOST_GROWTH = 40 * 1024 * 1024


def deaf(server: RunningServer, session_id: str) -> ClientConnection:
    """A client that reads nothing but what it is made to, and whose system takes little for it."""
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", server.port))
    return opened(server, session_id, sock=small, max_queue=1, ping_interval=None, close_timeout=1)


def test_two_hundred_connections_at_once_all_complete_and_leave_nothing_behind() -> None:
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "20", "LEAFRESH_ABANDON_SECONDS": "60"}) as server:
        with opened(server, "first") as connection:
            ask(connection, "recommend", **SELECTION)  # what is started once and stays
        until_quiet(server)
        expect_load_to_leave_nothing(server, "tests.e2e.websocket_load_client", CONNECTIONS)


def test_a_client_that_does_not_read_is_closed_with_a_code_that_says_so(server: RunningServer) -> None:
    """It resumes again and again; another connection sets the pace, so that what it sends is looked at."""
    process = psutil.Process(server.pid)
    with opened(server, "attentive") as attentive:
        first = ask(attentive, "recommend", **SELECTION)[0].event.id
        before, said = process.memory_info().rss, server.output.count("4408")
        with deaf(server, "deaf") as connection:
            while server.output.count("4408") == said:
                for _ in range(8):
                    tell(connection, "resume", lastEventId=first)
                ask(attentive, "resume", lastEventId=first)
            assert process.memory_info().rss - before < MOST_GROWTH
            assert close_code(connection) == (4408, "too slow")
        assert ask(attentive, "recommend", **SELECTION)[-1].name == "close"


def test_answers_to_pings_are_counted_too(server: RunningServer) -> None:
    said = server.output.count("4408")
    with opened(server, "attentive") as attentive, deaf(server, "pinging") as connection:
        for _ in range(3):
            tell(connection, "stop")  # what is not read, so that the library reads no further
        numbers = itertools.count()
        while server.output.count("4408") == said:
            for number in itertools.islice(numbers, 1000):
                connection.ping(f"{number:0125}")
            tell(attentive, "stop")
            receive(attentive)
        assert close_code(connection) == (4408, "too slow")


def test_a_client_that_sends_faster_than_can_be_looked_at_is_closed(server: RunningServer) -> None:
    process = psutil.Process(server.pid)
    with opened(server, "flooding", max_queue=None) as connection:
        before = process.memory_info().rss
        with contextlib.suppress(ConnectionClosed):
            while True:
                connection.send("[")
        assert close_code(connection) == (4429, "too many messages at once")
        assert process.memory_info().rss - before < MOST_GROWTH


def test_a_message_without_end_is_not_kept(server: RunningServer) -> None:
    """Ten megabytes, announced and sent in one frame that never ends."""
    process = psutil.Process(server.pid)
    with opened(server, "endless") as connection:
        before = process.memory_info().rss
        connection.socket.sendall(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0")
        try:
            for _ in range(160):
                connection.socket.sendall(b"x" * 65536)
        except OSError:
            pass  # the server has closed
        assert process.memory_info().rss - before < MOST_GROWTH / 8
        assert close_code(connection)[0] == 1009
