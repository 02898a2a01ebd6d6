"""What happens to a request is told apart: each obstacle has its name."""

import gzip
import socket
from typing import get_args

import pytest

from chatbot.diagnosis.exchange import Client, Obstacle, Unreachable
from chatbot.diagnosis.target import Target
from chatbot.diagnosis.unreachable import explain
from tests.chatbot.diagnosis.stub import Stub, reply


def obstacle(target: Target, *, timeout: float = 10) -> str:
    with pytest.raises(Unreachable) as caught:
        Client(target, timeout=timeout).send("GET", "/")
    return caught.value.obstacle


def test_a_response_is_recorded() -> None:
    with Stub({"GET /leafresh/x": reply(b"abc", headers=[("Vary", "a"), ("vary", "b")])}) as stub:
        target = Target("http", "127.0.0.1", stub.port, "/leafresh")
        response = Client(target, timeout=10).send("GET", "/x", {"Origin": "https://a"})
    assert (response.status, response.body, response.header("Vary"), response.ending) == (200, b"abc", "a, b", "ended")
    assert f"Host: 127.0.0.1:{stub.port}\r\n" in stub.requests[0]
    assert "Origin: https://a\r\n" in stub.requests[0]


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert obstacle(Target("http", "127.0.0.1", port)) == "refused"


def test_a_name_that_does_not_exist() -> None:
    assert obstacle(Target("http", "leafresh.invalid", 80)) == "name"


def test_a_server_that_says_nothing() -> None:
    with Stub({"GET": None}) as stub:
        assert obstacle(stub.target, timeout=0.2) == "silent"


def test_a_server_that_hangs_up() -> None:
    with Stub({}) as stub:
        assert obstacle(stub.target) == "closed"


def test_a_server_that_speaks_something_else() -> None:
    with Stub({"GET": b"SSH-2.0-OpenSSH_9.6\r\n"}) as stub:
        assert obstacle(stub.target) == "not-http"


def test_a_server_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert obstacle(Target("https", "127.0.0.1", port), timeout=0.2) == "tls"


def test_a_body_that_breaks_off() -> None:
    with Stub({"GET": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}) as stub:
        response = Client(stub.target, timeout=10).send("GET", "/")
    assert (response.body, response.ending) == (b"abc", "broken")


def test_a_chunked_body_that_breaks_off() -> None:
    with Stub({"GET": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) as stub:
        response = Client(stub.target, timeout=10).send("GET", "/")
    assert (response.body, response.ending) == (b"abc", "broken")


def test_a_compressed_body_is_read() -> None:
    with Stub({"GET": reply(gzip.compress(b"abc"), headers={"Content-Encoding": "gzip"})}) as stub:
        assert Client(stub.target, timeout=10).send("GET", "/").body == b"abc"


def test_a_body_that_only_says_it_is_compressed() -> None:
    with Stub({"GET": reply(b"abc", headers={"Content-Encoding": "gzip"})}) as stub:
        assert Client(stub.target, timeout=10).send("GET", "/").ending == "broken"


@pytest.mark.parametrize("name", get_args(Obstacle))
def test_every_obstacle_has_a_sentence_and_a_remedy(name: Obstacle) -> None:
    finding = explain(Unreachable(name, "{why}"), Target.parse("https://[2001:db8::1]"))
    assert finding.level == "fault"
    assert finding.message.endswith(".")
    assert finding.remedy
