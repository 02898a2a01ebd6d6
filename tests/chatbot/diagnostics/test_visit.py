"""Complete visits to correct and faulty servers."""

import contextlib
import gzip
import itertools

import pytest
from asgiref.sync import async_to_sync
from django.core import checks

from chatbot.diagnostics import visit as visiting
from chatbot.diagnostics.stream import check_stream
from chatbot.diagnostics.visit import OPTIONS, SESSIONS, STREAM, NoResponse, Visit
from chatbot.models import Generation, Outcome, PromptVersion
from tests.chatbot.diagnostics.recordings import GENERATION, HEADERS, OPENING, framed, good_events
from tests.chatbot.diagnostics.stub import Stub, good_replies, reply

NOT_PACED = "cannot be judged"  # the stub sends everything at once


visit = async_to_sync(visiting.visit)


def visited(stub: Stub, *, origin: str | None = None, timeout: float = 10) -> Visit:
    return visit(stub.target, origin=origin, timeout=timeout, ask_database=False)


def troubles(stub: Stub, *, timeout: float = 10) -> list[str]:
    findings = check_stream(visited(stub, timeout=timeout), stub.target)
    return [found.msg for found in findings if found.level > checks.INFO and not found.msg.endswith(f"{NOT_PACED}.")]


def test_a_good_server() -> None:
    with Stub(good_replies()) as stub:
        assert troubles(stub) == []
    assert stub.request_lines[:2] == [f"GET {OPTIONS}", f"GET {STREAM}"]
    assert "location=city&workType=office&category=VEGAN" in stub.requests[1]
    assert "Accept: text/event-stream\r\n" in stub.requests[1]


def test_its_own_session_is_deleted() -> None:
    with Stub(good_replies()) as stub:
        session_id = visited(stub).session_id
    assert session_id.startswith("doctor-")
    assert f"sessionId={session_id}&" in stub.requests[1]
    assert stub.request_lines[2:] == [f"DELETE {SESSIONS}{session_id}"]


def test_a_session_that_belongs_to_its_client_is_deleted_with_its_token() -> None:
    body = OPENING + b"".join(framed(good_events()))
    token = ("X-Leafresh-Session-Token", "t0ken")
    with Stub({**good_replies(), f"GET {STREAM}": reply(body, headers=[*HEADERS, token])}) as stub:
        visited(stub)
    assert "X-Leafresh-Session-Token: t0ken\r\n" in stub.requests[2]


@pytest.mark.parametrize("stream", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx"])
def test_its_own_session_is_deleted_when_the_stream_fails(stream: bytes) -> None:
    with Stub({**good_replies(), f"GET {STREAM}": stream}) as stub, contextlib.suppress(NoResponse):
        visited(stub)
    assert stub.request_lines[-1].startswith(f"DELETE {SESSIONS}doctor-")


def test_a_session_that_cannot_be_deleted() -> None:
    with Stub({**good_replies(), f"DELETE {SESSIONS}": reply(status="405 Method Not Allowed")}) as stub:
        assert troubles(stub)[0].endswith(" could not be deleted.")


def test_an_origin_asks_for_permission_first() -> None:
    with Stub({**good_replies(), f"OPTIONS {STREAM}": reply(headers={"Access-Control-Allow-Origin": "*"})}) as stub:
        preflight = visited(stub, origin="https://app.example.com").preflight
    assert preflight is not None
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert [request.split()[0] for request in stub.requests if "Origin: https://app.example.com" in request] == [
        "OPTIONS",
        "GET",
    ]


def test_a_proxy_that_compresses() -> None:
    body = gzip.compress(OPENING + b"".join(framed(good_events())))
    with Stub(
        {**good_replies(), f"GET {STREAM}": reply(body, headers=[*HEADERS, ("Content-Encoding", "gzip")])}
    ) as stub:
        assert troubles(stub) == [
            "The stream is compressed (gzip): compression holds events back until there are enough of them."
        ]
    assert "Accept-Encoding: gzip\r\n" in stub.requests[1]


def test_a_stream_that_is_framed_twice() -> None:
    body = b"".join(framed(good_events())).replace(b"data: ", b"data: data: ")
    with Stub({**good_replies(), f"GET {STREAM}": reply(body, headers=HEADERS)}) as stub:
        assert troubles(stub) == [
            "Events are framed twice, clients read “data: data: …”: start, 17 × challenge, 3 × item, close."
        ]


def test_a_response_that_breaks_off_after_the_close() -> None:
    body = b"".join(framed(good_events()))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n"
    stream = head + b"Transfer-Encoding: chunked\r\n\r\n"
    with Stub({**good_replies(), f"GET {STREAM}": stream + b"%x\r\n%s\r\n" % (len(body), body)}) as stub:
        assert troubles(stub) == ["After the event close the response broke off: clients wait, or reconnect."]


def test_a_page_of_another_server() -> None:
    with Stub({"GET": reply(b"<h1>Not found</h1>", status="404 Not Found")}) as stub:
        assert troubles(stub) == [
            f"{stub.target} answers 404 for {OPTIONS}: another server is there, or Leafresh has a prefix."
        ]


def test_options_that_cannot_be_read_do_not_stop_the_visit() -> None:
    with Stub({**good_replies(), f"GET {OPTIONS}": reply(b"[]")}) as stub:
        assert troubles(stub) == []
    assert "location=city&workType=office&category=ZERO_WASTE" in stub.requests[1]


def test_how_long_the_server_wrote_decides_about_buffering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visiting, "_seconds_written", lambda _: 2.4)
    with Stub(good_replies()) as stub:
        seen = visit(stub.target, origin=None, timeout=10, ask_database=True)
    last = list(check_stream(seen, stub.target))[-1]
    assert last.level == checks.ERROR
    assert last.msg.endswith(
        "although the server wrote them one by one for 2.4 s: something on the way buffers the response."
    )


@pytest.mark.django_db
def test_how_long_the_server_wrote_is_asked_of_the_database() -> None:
    version = PromptVersion.objects.all()[0]
    times = {"first_token_ms": 400, "duration_ms": 2800, "event_count": 22, "outcome": Outcome.COMPLETED}
    Generation.objects.create(id=GENERATION, prompt_version=version, seed=1, **times)
    with Stub(good_replies()) as stub:
        assert visit(stub.target, origin=None, timeout=10, ask_database=True).written == 2.4
        assert visit(stub.target, origin=None, timeout=10, ask_database=False).written is None


def test_sessions_differ() -> None:
    with Stub(good_replies()) as stub:
        first, second = (visited(stub).session_id for _ in itertools.repeat(None, 2))
    assert first != second
