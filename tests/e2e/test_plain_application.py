"""What our server does when an application fails, or when it stops: with an application that is not ours."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

import httpx
import pytest


@dataclass(frozen=True)
class Application:
    """``told`` is its standard input, and ``says`` its output."""

    port: int
    told: IO[str]
    says: IO[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def application() -> Iterator[Application]:
    command = [sys.executable, "-m", "tests.e2e.plain_application"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            yield Application(int(process.stdout.readline()), process.stdin, process.stdout)
        finally:
            process.terminate()
            process.wait(60)


def test_a_response_that_breaks_ends_with_its_connection_and_harms_no_other(application: Application) -> None:
    with httpx.stream("GET", f"{application.url}/breaks") as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"begun"
        with pytest.raises(httpx.RemoteProtocolError):
            next(pieces)
    for _ in range(300):  # the server looks once a second
        if httpx.get(f"{application.url}/kept").text == "1":
            break
        time.sleep(0.2)
    else:
        pytest.fail("the server keeps requests that are over")


def test_who_connected_before_a_server_stops_is_answered(application: Application) -> None:
    asked = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(httpx.get, f"{application.url}/stops")
        assert application.says.readline() == "holds\n"
        connected = [socket.create_connection(("127.0.0.1", application.port), timeout=60) for _ in range(10)]
        for each in connected:
            each.sendall(asked)
        application.told.write("\n")
        application.told.flush()
        assert stopping.result().text == "stopped"
        for each in connected:
            with each, each.makefile("rb") as response:
                answer = response.read()
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"answered" in answer
    with pytest.raises(httpx.ConnectError):
        httpx.get(application.url)
