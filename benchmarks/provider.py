"""``python -m benchmarks.provider``: a process that speaks OpenAI's chat completions, streaming, at a set pace.

The model's name sets the pace: ``paced-RATE-COUNT-DELAY`` writes COUNT tokens, RATE a second, the first one DELAY
milliseconds after the request was read. Each token is due at a fixed moment; a late one does not delay the next. The
prompt's line ``…주제: LABEL`` names the category. ``GET /calls`` returns the number of requests for answers since the
last such call.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import cast

from benchmarks.answers import RECEIPT, STAMP, answer_tokens, stamp

_SUBJECT = re.compile("주제: (.+)")
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_EMPTY_STAMP = stamp(STAMP, 0)
_EMPTY_RECEIPT = stamp(RECEIPT, 0)


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens a second, tokens in all, and milliseconds before the first."""

    rate: float
    count: int
    delay_ms: float

    @classmethod
    def named(cls, model: str) -> "Pace":
        """The pace that a model's name says. Raises ValueError for any other name."""
        kind, *numbers = model.split("-")
        if kind != "paced" or len(numbers) != 3:
            raise ValueError(f"{model} is no paced model")
        return cls(float(numbers[0]), int(numbers[1]), float(numbers[2]))

    @property
    def model(self) -> str:
        """The name that ``named`` reads."""
        return f"paced-{self.rate:g}-{self.count}-{self.delay_ms:g}"


def _microseconds() -> int:
    return time.monotonic_ns() // 1000


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(choices: list[object], **more: object) -> bytes:
    value = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "paced", "choices": choices}
    return _chunked(f"data: {json.dumps({**value, **more}, ensure_ascii=False)}\n\n".encode())


def _delta(content: str) -> bytes:
    return _event([{"index": 0, "delta": {"content": content}, "finish_reason": None}])


@cache
def _encoded(label: str, count: int) -> list[bytes]:
    """The tokens encoded for the wire. Stamps have a fixed length, so they are filled in place."""
    return [_delta(token) for token in answer_tokens(label, count)]


def _ending(count: int) -> bytes:
    usage = {"prompt_tokens": 400, "completion_tokens": count, "total_tokens": 400 + count}
    stop = _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    return stop + _event([], usage=usage) + _chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One client's connection, which stays open between its requests."""

    calls = 0

    def __init__(self) -> None:
        self._received = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if length is not None and len(rest) < int(length[1]):
            return
        size = int(length[1]) if length else 0
        body, self._received = rest[:size], rest[size:]
        if head.startswith(b"GET /calls"):
            count, Connection.calls = Connection.calls, 0
            text = str(count).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        else:
            Connection.calls += 1
            self._task = asyncio.create_task(self._answer(json.loads(body), _microseconds()))

    async def _answer(self, body: dict[str, object], received: int) -> None:
        pace = Pace.named(str(body["model"]))
        messages = body["messages"]
        assert isinstance(messages, list)
        subject = _SUBJECT.search(messages[-1]["content"])
        assert subject is not None
        pieces = _encoded(subject[1].strip(), pace.count)
        role = _event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
        self._transport.write(_HEAD + role)
        began = asyncio.get_running_loop().time() + pace.delay_ms / 1000
        receipt = stamp(RECEIPT, received).encode()
        empty_receipt, empty_stamp = _EMPTY_RECEIPT.encode(), _EMPTY_STAMP.encode()
        for number, piece in enumerate(pieces):
            wait = began + number / pace.rate - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            if empty_stamp in piece:
                piece = piece.replace(empty_stamp, stamp(STAMP, _microseconds()).encode())  # noqa: PLW2901  filled in
            elif empty_receipt in piece:
                piece = piece.replace(empty_receipt, receipt)  # noqa: PLW2901  filled in
            self._transport.write(piece)
        self._transport.write(_ending(pace.count))


async def main() -> None:
    """Listens on a free loopback port, prints it, and runs until it is ended."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(f"listens on 127.0.0.1 port {server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
