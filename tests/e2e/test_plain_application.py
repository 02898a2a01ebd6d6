"""What our server does when an application fails, or when it stops: with an application that is not ours."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest


@pytest.fixture
def url() -> Iterator[str]:
    with _running() as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running() -> Iterator[int]:
    command = [sys.executable, "-m", "tests.e2e.plain_application"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(20)


def test_a_response_that_breaks_ends_with_its_connection_and_harms_no_other(url: str) -> None:
    with httpx.stream("GET", f"{url}/breaks", timeout=20) as response:
        pieces = response.iter_raw()
        assert next(pieces) == b"begun"
        with pytest.raises(httpx.RemoteProtocolError):
            next(pieces)
    for _ in range(100):  # the server looks once a second
        if httpx.get(f"{url}/kept").text == "1":
            break
        time.sleep(0.2)
    else:
        pytest.fail("the server keeps requests that are over")


def test_who_connected_before_a_server_stops_is_answered(url: str) -> None:
    with ThreadPoolExecutor(11) as pool:
        stopping = pool.submit(httpx.get, f"{url}/stops", timeout=20)
        time.sleep(0.3)  # it holds the loop
        asked = [pool.submit(httpx.post, f"{url}/", content=b"x", timeout=20) for _ in range(10)]
        assert stopping.result().text == "stopped"
        assert [each.result().text for each in asked] == ["answered"] * 10
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
