"""A WebSocket client for tests. It returns messages, and the same as events for comparison with a stream."""

import collections
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.e2e.server import RunningServer
from tests.e2e.sse import Event

ENDS = {"close", "error", "up-to-date"}
WAIT_SECONDS = 60


@dataclass(frozen=True)
class Message:
    """One message of the server."""

    text: str

    @property
    def fields(self) -> dict[str, Any]:
        value = json.loads(self.text)
        assert isinstance(value, dict)
        return value

    @property
    def name(self) -> str:
        return str(self.fields["event"])

    @property
    def event(self) -> Event:
        """The event of a stream that says the same, its data to the byte. Fails when the message has more in it."""
        name, event_id = self.fields["event"], self.fields["id"]
        head = f'{{"event":"{name}","id":"{event_id}","data":'
        assert self.text.startswith(head)
        return Event(name, event_id, self.text.removeprefix(head).removesuffix("}"))


def opened(server: RunningServer, session_id: str = "", **options: Any) -> ClientConnection:
    """A connection for the session. Its caller closes it, best by ``with``."""
    url = f"{server.url.replace('http', 'ws', 1)}/ws/chatbot/{quote(session_id, safe='')}"
    connection: ClientConnection = connect(url, proxy=None, **options)
    return connection


def tell(connection: ClientConnection, kind: str, **fields: Any) -> None:
    connection.send(json.dumps({"type": kind, **fields}))


def receive(connection: ClientConnection) -> Message:
    text = connection.recv(WAIT_SECONDS)
    assert isinstance(text, str)
    return Message(text)


def rest(connection: ClientConnection) -> Iterator[Message]:
    """The messages up to the one that ends the answer."""
    while True:
        message = receive(connection)
        yield message
        if message.name in ENDS:
            return


def events(connection: ClientConnection) -> list[Event]:
    """The rest of the answer as events of a stream."""
    return [message.event for message in rest(connection)]


def ask(connection: ClientConnection, kind: str, **fields: Any) -> list[Message]:
    """Asks, and waits for the whole answer."""
    tell(connection, kind, **fields)
    return list(rest(connection))


def close_code(connection: ClientConnection) -> tuple[int, str]:
    """Reads until the server closes; with which code, and why."""
    with pytest.raises(ConnectionClosed) as closed:
        collections.deque(iter(lambda: connection.recv(WAIT_SECONDS), None), maxlen=0)
    assert closed.value.rcvd is not None, closed.value
    return closed.value.rcvd.code, closed.value.rcvd.reason
