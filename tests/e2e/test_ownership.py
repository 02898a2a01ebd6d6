"""A session belongs to the client that began it: what each client can do with it, on a real server."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.ownership import (
    DEEDS,
    PEOPLE,
    REFUSAL,
    begun,
    guessable,
    in_state,
    is_bound,
    turns_kept,
)
from tests.e2e.server import RunningServer
from tests.e2e.sse import SELECTION, stream

ON = """
who        state    select say  resume read rate stop erase
cookie     bound    ok     ok   ok     ok   ok   ok   ok
header     bound    ok     ok   ok     ok   ok   ok   ok
query      bound    ok     ok   ok     ok   ok   ok   ok
nothing    bound    403    403  403    403  403  403  403
stranger   bound    403    403  403    403  403  403  403
forger     bound    403    403  403    403  403  403  403
foreign    bound    403    403  403    403  403  403  403
image      bound    403    403  403    403  403  403  403
ws-cookie  bound    ok     ok   ok     -    -    ok   -
ws-token   bound    ok     ok   ok     -    -    ok   -
ws-nothing bound    403    403  403    -    -    403  -
cookie     unbound  ok     ok   ok     ok   ok   ok   ok
header     unbound  ok     ok   ok     ok   ok   ok   ok
query      unbound  ok     ok   ok     ok   ok   ok   ok
nothing    unbound  ok     ok   ok     403  ok   ok   403
stranger   unbound  ok     ok   ok     403  ok   ok   403
forger     unbound  ok     ok   ok     403  ok   ok   403
foreign    unbound  ok     ok   ok     403  ok   ok   403
image      unbound  ok     ok   ok     403  ok   ok   403
ws-cookie  unbound  ok     ok   ok     -    -    ok   -
ws-token   unbound  ok     ok   ok     -    -    ok   -
ws-nothing unbound  ok     ok   ok     -    -    ok   -
cookie     made     ok     ok   ok     ok   ok   ok   ok
nothing    made     ok     ok   ok     ok   ok   ok   ok
stranger   made     ok     ok   ok     ok   ok   ok   ok
ws-nothing made     ok     ok   ok     -    -    ok   -
"""

REQUIRED = """
who        state    select say  resume read rate stop erase
cookie     bound    ok     ok   ok     ok   ok   ok   ok
query      bound    ok     ok   ok     ok   ok   ok   ok
nothing    bound    403    403  403    403  403  403  403
foreign    bound    403    403  403    403  403  403  403
cookie     unbound  ok     ok   ok     ok   ok   ok   ok
header     unbound  ok     ok   ok     ok   ok   ok   ok
nothing    unbound  403    403  403    403  403  403  403
stranger   unbound  403    403  403    403  403  403  403
ws-token   unbound  ok     ok   ok     -    -    ok   -
ws-nothing unbound  403    403  403    -    -    403  -
nothing    made     403    403  403    403  403  403  403
"""

OFF = """
who        state    select say  resume read rate stop erase
nothing    unbound  ok     ok   ok     ok   ok   ok   ok
ws-nothing unbound  ok     ok   ok     -    -    ok   -
nothing    made     ok     ok   ok     ok   ok   ok   ok
"""

BINDS = {"cookie", "header", "query", "ws-cookie", "ws-token"}


def cells(table: str) -> list[Any]:
    head, *rows = [line.split() for line in table.strip().splitlines()]
    return [
        pytest.param(who, state, deed, expected, id=f"{who}-{state}-{deed}")
        for who, state, *cells in rows
        for deed, expected in zip(head[2:], cells, strict=True)
        if expected != "-"
    ]


@pytest.fixture(scope="module")
def required() -> Iterator[RunningServer]:
    with RunningServer(env={"LEAFRESH_SESSION_BINDING": "required"}) as running:
        yield running


@pytest.fixture(scope="module")
def off() -> Iterator[RunningServer]:
    with RunningServer(env={"LEAFRESH_SESSION_BINDING": "off"}) as running:
        yield running


def check(server: RunningServer, who: str, state: str, deed: str, expected: str) -> None:
    """One cell of the table: allowed actions have their effect, and refused ones have none."""
    session = in_state(server, state)
    envelope = DEEDS[deed](server, session, PEOPLE[who](server, session))
    if expected == "403":
        assert envelope == REFUSAL
        assert turns_kept(server, session) == 1
        assert is_bound(server, session) is (state == "bound")
        return
    assert envelope["status"] == 200
    data = envelope["data"]
    match deed:
        case "select" | "resume":
            assert len(data["challenges"]) == 3
        case "say":
            assert data["kind"] == "smalltalk"
        case "read":
            assert [turn["generationId"] for turn in data["turns"]] == [session.generation_id]
        case "rate":
            assert data == {"generationId": session.generation_id, "feedback": {"thumb": "up", "reason": ""}}
        case "stop":
            assert data == {"generationId": session.generation_id, "outcome": "completed"}
        case "erase":
            assert (data, turns_kept(server, session)) == (None, 0)
    if deed != "erase":
        assert turns_kept(server, session) == (2 if deed in {"select", "say"} else 1)
        assert is_bound(server, session) is (state == "bound" or who in BINDS)


@pytest.mark.parametrize(("who", "state", "deed", "expected"), cells(ON))
def test_who_can_do_what(server: RunningServer, who: str, state: str, deed: str, expected: str) -> None:
    check(server, who, state, deed, expected)


@pytest.mark.parametrize(("who", "state", "deed", "expected"), cells(REQUIRED))
def test_who_can_do_what_where_proof_is_required(
    required: RunningServer, who: str, state: str, deed: str, expected: str
) -> None:
    check(required, who, state, deed, expected)


@pytest.mark.parametrize(("who", "state", "deed", "expected"), cells(OFF))
def test_who_can_do_what_where_binding_is_off(
    off: RunningServer, who: str, state: str, deed: str, expected: str
) -> None:
    check(off, who, state, deed, expected)


def test_where_binding_is_off_nothing_is_given(off: RunningServer) -> None:
    session = begun(off, guessable())
    assert (session.cookie, session.token) == ("", "")
    first = list(stream(off.url, sessionId=guessable(), **SELECTION))
    assert "sessionToken" not in first[0].payload
