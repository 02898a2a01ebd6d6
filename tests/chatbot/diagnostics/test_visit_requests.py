"""Each way in which a request can fail has its own finding."""

import gzip
import socket
import ssl
import time

import httpx
import pytest
from asgiref.sync import async_to_sync

from chatbot.diagnostics import visit
from chatbot.diagnostics.deployment import Target
from chatbot.diagnostics.visit import NoResponse, Recorder, Response
from tests.chatbot.diagnostics.recordings import levels
from tests.chatbot.diagnostics.stub import Stub, reply


@async_to_sync
async def send(target: Target, path: str = "/", *, timeout: float = 10, **headers: str) -> Response:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await Recorder(http, target, time.monotonic() + timeout).record("GET", path, headers)


def obstacle(target: Target, *, timeout: float = 10) -> str:
    with pytest.raises(NoResponse) as caught:
        send(target, timeout=timeout)
    finding = caught.value.finding
    assert levels([finding]) == ["fault"]
    assert finding.hint
    return str(finding.id).removeprefix("leafresh.unreachable.")


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_a_response_is_recorded() -> None:
    with Stub({"GET /leafresh/x": reply(b"abc", headers=[("Vary", "a"), ("vary", "b")])}) as stub:
        response = send(Target("http", "127.0.0.1", stub.port, "/leafresh"), "/x", Origin="https://a")
    assert (response.status, response.body, response.headers["Vary"], response.ending) == (200, b"abc", "a, b", "ended")
    assert f"Host: 127.0.0.1:{stub.port}\r\n" in stub.requests[0]
    assert "Origin: https://a\r\n" in stub.requests[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_server_listens(host: str) -> None:
    assert obstacle(Target("http", host, closed_port())) == "refused"


def test_a_name_that_does_not_exist() -> None:
    assert obstacle(Target("http", "leafresh.invalid", 80)) == "name"


def test_a_connection_that_is_dropped() -> None:
    """If the connection queue of a server is full, new connections wait, as with a firewall that drops packets."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        waiting: list[socket.socket] = []
        try:
            while len(waiting) < 20:
                client = socket.socket()
                client.setblocking(False)
                client.connect_ex(address)
                waiting.append(client)
            assert obstacle(Target("http", "127.0.0.1", address[1]), timeout=1) == "dropped"
        finally:
            for client in waiting:
                client.close()


def test_no_way_to_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async def unreachable(*_: object, **__: object) -> None:
        raise OSError(113, "No route to host")

    monkeypatch.setattr("anyio.connect_tcp", unreachable)
    assert obstacle(Target("http", "192.0.2.1", 80)) == "route"


def test_a_silent_server() -> None:
    with Stub({"GET": None}) as stub:
        assert obstacle(stub.target, timeout=1) == "silent"


def test_a_server_that_drips_its_headers_does_not_outlast_the_time() -> None:
    with Stub({"GET": None}, greeting=b"HTTP/1.1 200 OK\r\nX-Never: ") as stub:
        assert obstacle(stub.target, timeout=1) == "silent"


def test_a_server_that_hangs_up() -> None:
    with Stub({}) as stub:
        assert obstacle(stub.target) == "closed"


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"220 ok\r\n\r\n"])
def test_a_server_that_speaks_something_else(greeting: bytes) -> None:
    with Stub({"GET": greeting}) as stub:
        assert obstacle(stub.target) == "not_http"


def test_a_server_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert obstacle(Target("https", "127.0.0.1", server.getsockname()[1]), timeout=1) == "tls"
    with Stub({"": reply(b"abc")}) as stub:
        assert obstacle(Target("https", "127.0.0.1", stub.port), timeout=1) == "tls"


async def test_a_certificate_that_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    error.__cause__.verify_message = "self-signed certificate"
    async with httpx.AsyncClient() as http:
        recorder = Recorder(http, Target("https", "chat.example.com", 443), time.monotonic())
        failure = await recorder._no_response(error, "connection.start_tls.failed")
    assert failure.finding.msg == (
        "The certificate of chat.example.com port 443 is not trusted (self-signed certificate), "
        "so browsers refuse it too."
    )


@pytest.mark.parametrize("head", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"])
def test_a_body_that_breaks_off(head: bytes) -> None:
    with Stub({"GET": b"HTTP/1.1 200 OK\r\n" + head}) as stub:
        response = send(stub.target)
    assert (response.body, response.ending) == (b"abc", "broken")


def test_a_body_that_does_not_end() -> None:
    with Stub({"GET": None}, greeting=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") as stub:
        response = send(stub.target, timeout=1)
    assert (response.body, response.ending) == (b"abc", "unfinished")


def test_a_body_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit, "MAX_BYTES", 3)
    with Stub({"GET": None}, greeting=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc") as stub:
        response = send(stub.target)
    assert (response.body, response.ending) == (b"abc", "unfinished")


def test_a_compressed_body_is_read() -> None:
    with Stub({"GET": reply(gzip.compress(b"abc"), headers={"Content-Encoding": "gzip"})}) as stub:
        assert send(stub.target).body == b"abc"


def test_an_uncompressed_body_with_a_content_encoding() -> None:
    with Stub({"GET": reply(b"abc", headers={"Content-Encoding": "gzip"})}) as stub:
        assert send(stub.target).ending == "broken"
