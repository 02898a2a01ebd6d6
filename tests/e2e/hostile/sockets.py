"""Hostile clients that break HTTP: they send byte by byte, without end, or nonsense, or do not read."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlencode

from tests.e2e.hostile.actor import Actor, drop, status_of, together
from tests.e2e.sse import BASE_INFO

DRIPS = 10
"""Connections of one client."""

DRIP_SECONDS = 0.5
HUGE_BYTES = 400_000_000
PIECE = bytes(64 * 1024)
PIECE_SECONDS = 0.01
"""Six megabytes a second: a body of 400 MB takes a minute."""

UNREAD_STREAMS = 5
UNREAD_SECONDS = 20.0


async def drip_headers(me: Actor) -> None:
    head = f"GET {BASE_INFO}?{urlencode(me.selection())} HTTP/1.1\r\nHost: {me.authority}\r\n".encode()
    endless = head + b"".join(b"X-Slow-%d: a\r\n" % number for number in range(10_000))
    await together(*(_drip(me, b"", endless) for _ in range(DRIPS)))


async def drip_body(me: Actor) -> None:
    head = _post(me, "Content-Length: 9000")
    await together(*(_drip(me, head, b'{"sessionId":"' + b"a" * 8000) for _ in range(DRIPS)))


async def _drip(me: Actor, at_once: bytes, slowly: bytes) -> None:
    """Sends byte by byte until the server answers or closes, or the load ends."""
    reader, writer = await me.connect()
    began = time.monotonic()
    answer = asyncio.create_task(status_of(reader))
    try:
        writer.write(at_once)
        for number in range(len(slowly)):
            writer.write(slowly[number : number + 1])
            done, _ = await asyncio.wait([answer], timeout=DRIP_SECONDS)
            if done:
                me.note(answer.result())
                return
            if me.over.is_set():
                me.note("held to the end")
                return
    finally:
        me.seen.held.append(time.monotonic() - began)
        answer.cancel()
        drop(writer)


async def send_declared(me: Actor) -> None:
    """A body of 400 MB that says how long it is."""
    await _send(me, _post(me, f"Content-Length: {HUGE_BYTES}"), lambda: iter([PIECE] * (HUGE_BYTES // len(PIECE))))


async def send_endless(me: Actor) -> None:
    """A chunked body, of which 400 MB are sent and no end."""
    chunk = b"%x\r\n%b\r\n" % (len(PIECE), PIECE)
    pieces = [chunk] * (HUGE_BYTES // len(PIECE))
    await _send(me, _post(me, "Transfer-Encoding: chunked"), lambda: iter(pieces))


async def _send(me: Actor, head: bytes, pieces: Callable[[], Iterator[bytes]]) -> None:
    reader, writer = await me.connect()
    answer = asyncio.create_task(status_of(reader))
    try:
        writer.write(head)
        for piece in pieces():
            writer.write(piece)
            await writer.drain()
            done, _ = await asyncio.wait([answer], timeout=PIECE_SECONDS)
            if done:
                me.note(answer.result())
                return
            if me.over.is_set():
                me.note("taken to the end")
                return
        me.note(await answer)
    finally:
        answer.cancel()
        drop(writer)


def _post(me: Actor, length: str) -> bytes:
    return (
        f"POST {BASE_INFO} HTTP/1.1\r\nHost: {me.authority}\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    ).encode()


async def leave_unread(me: Actor) -> None:
    """Streams with the least buffer, of which nothing is read."""
    await together(*(_leave_unread(me) for _ in range(UNREAD_STREAMS)))


async def _leave_unread(me: Actor) -> None:
    loop = asyncio.get_running_loop()
    connection = socket.socket()
    try:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.bind((me.address, 0))
        host, _, port = me.authority.partition(":")
        await loop.sock_connect(connection, (host, int(port)))
        query = urlencode(me.selection())
        await loop.sock_sendall(
            connection, f"GET {BASE_INFO}?{query} HTTP/1.1\r\nHost: {me.authority}\r\n\r\n".encode()
        )
        await asyncio.sleep(UNREAD_SECONDS)
        me.note("left unread")
    finally:
        connection.close()


def malformed(authority: str) -> Mapping[str, bytes]:
    """Invalid requests by the kind of mistake."""
    host = f"Host: {authority}\r\n".encode()
    get = f"GET {BASE_INFO}".encode()
    post = f"POST {BASE_INFO} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n".encode()
    health = b"GET /health HTTP/1.1\r\n" + host
    deep = b"[" * 5000
    many = b"".join(b"X-%d: 1\r\n" % number for number in range(500))
    return {
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        "no address": b"GET\r\n\r\n",
        "version": get + b" HTTP/9.9\r\n" + host + b"\r\n",
        "long address": get + b"?" + b"a" * 20_000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        "no UTF-8": get + b"?location=%FF%FE&category=%00 HTTP/1.1\r\n" + host + b"\r\n",
        "negative length": get + b"?location=a HTTP/1.1\r\n" + host + b"Content-Length: -5\r\n\r\n",
        "host": get + b" HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "500 headers": get + b" HTTP/1.1\r\n" + host + many + b"\r\n",
        "root path": health + b"Daphne-Root-Path: /\xff\xfe\r\n\r\n",
        "forwarded for": health + b"X-Forwarded-For: not an address,,,\r\nCookie: sessionid=\xff;;=\r\n\r\n",
        "dots": b"GET /../../etc/passwd HTTP/1.1\r\n" + host + b"\r\n",
        "method": b"TRACE /%2e%2e/ HTTP/1.1\r\n" + host + b"\r\n",
        "broken JSON": post + b"Content-Length: 5\r\n\r\n{\xff\xfe}}",
        "deep JSON": post + b"Content-Length: %d\r\n\r\n" % len(deep) + deep,
        "chunk": post + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
        "two lengths": post + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    }


async def send_malformed(me: Actor) -> None:
    """Sends one of them, and counts the server's response within two seconds."""
    reader, writer = await me.connect()
    name, request = me.random.choice([*malformed(me.authority).items()])
    try:
        writer.write(request)
        async with asyncio.timeout(2):
            status = await status_of(reader)
        me.note(f"{status} ({name})" if status.startswith("5") else status)
    except TimeoutError:
        me.note(f"no answer in 2 s ({name})")
    finally:
        drop(writer)
