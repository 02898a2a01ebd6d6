"""Rate limits at the real server: what is counted, for whom, and how a client learns that it must wait."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e import redis_server
from tests.e2e.conversations import told
from tests.e2e.ownership import HEADER, begun, cookie, guessable
from tests.e2e.redis_server import RunningRedis
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, Event, stream
from tests.e2e.websocket import ask, opened

SHARE = 20
"""Requests of a session in a minute."""


@pytest.fixture(scope="module")
def limited() -> Iterator[RunningServer]:
    """Limits sessions, as it does unless told otherwise."""
    with RunningServer(env={"LEAFRESH_SESSION_RATE": f"{SHARE}/m"}) as running:
        yield running


@pytest.fixture(scope="module")
def direct() -> Iterator[RunningServer]:
    """Limits addresses, and trusts no proxy."""
    with RunningServer(env={"LEAFRESH_ADDRESS_RATE": "3/m"}) as running:
        yield running


@pytest.fixture(scope="module")
def proxied() -> Iterator[RunningServer]:
    """Limits the addresses that a proxy on this machine names."""
    env = {"LEAFRESH_ADDRESS_RATE": "3/m", "LEAFRESH_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8"}
    with RunningServer(env=env) as running:
        yield running


def post(server: RunningServer, session: str, **headers: str) -> httpx.Response:
    """The finished answer, as a client without a stream asks for it."""
    body = {**SELECTION, "sessionId": session}
    return httpx.post(f"{server.url}{BASE_INFO}", json=body, headers=headers, timeout=30)


def listen(server: RunningServer, session: str, last_event_id: str = "") -> list[Event]:
    return list(stream(server.url, last_event_id=last_event_id, sessionId=session, **SELECTION))


def use_up(server: RunningServer, session: str) -> None:
    assert [post(server, session).status_code for _ in range(SHARE)] == [200] * SHARE


def turns(server: RunningServer, session: str) -> list[Any]:
    return told(server, session)


def test_a_session_that_asks_too_often_is_told_when_to_come_back(limited: RunningServer) -> None:
    use_up(limited, "eager")
    response = post(limited, "eager")
    assert response.status_code == 429
    seconds = int(response.headers["Retry-After"])
    assert 1 <= seconds <= 60
    when = "1분" if seconds == 60 else f"{seconds}초"
    assert response.json() == {
        "status": 429,
        "message": f"요청이 너무 많습니다. {when} 후에 다시 시도해 주세요.",
        "data": None,
    }
    assert len(turns(limited, "eager")) == SHARE  # the refused one began nothing
    assert post(limited, "patient").status_code == 200


def test_an_event_source_is_told_by_one_error_event(limited: RunningServer) -> None:
    use_up(limited, "listener")
    (event,) = listen(limited, "listener")
    assert (event.name, event.envelope["status"], event.payload) == ("error", 429, None)
    assert event.envelope["message"].startswith("요청이 너무 많습니다.")
    query = {**SELECTION, "sessionId": "listener"}
    response = httpx.get(f"{limited.url}{BASE_INFO}", params=query, headers={"Accept": "text/event-stream"})
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert f"retry: {response.headers['Retry-After']}000\n" in response.text


def test_who_shows_no_proof_uses_up_nothing_of_the_owners_rate(limited: RunningServer) -> None:
    owner = begun(limited, guessable())
    assert post(limited, owner.id, **cookie(owner)).status_code == 200  # bound
    assert {post(limited, owner.id).status_code for _ in range(SHARE - 1)} == {403}
    other = cookie(begun(limited, guessable()))
    assert {post(limited, owner.id, **other).status_code for _ in range(SHARE)} == {403}
    with opened(limited, owner.id) as stranger:
        answers = [ask(stranger, "say", message="안녕")[-1].fields["data"]["status"] for _ in range(2)]
    assert answers == [429, 429]  # its own window
    with opened(limited, owner.id, additional_headers=cookie(owner)) as connection:
        assert ask(connection, "say", message="죽고 싶어요")[-1].name == "close"
    for headers in (cookie(owner), {HEADER: owner.token}):
        assert post(limited, owner.id, **headers).status_code == 200


def test_both_addresses_of_the_routes_count_together(limited: RunningServer) -> None:
    body = {**SELECTION, "sessionId": "both"}
    paths = [BASE_INFO, BASE_INFO.replace("/ai/", "/api/")] * (SHARE // 2)
    assert [httpx.post(f"{limited.url}{path}", json=body).status_code for path in paths] == [200] * SHARE
    assert post(limited, "both").status_code == 429


def test_resuming_is_not_counted(limited: RunningServer) -> None:
    first = listen(limited, "resumer")
    for _ in range(SHARE + 10):
        assert listen(limited, "resumer", last_event_id=first[1].id) == first[2:]
    assert len(turns(limited, "resumer")) == 1
    assert [post(limited, "resumer").status_code for _ in range(SHARE)] == [200] * (SHARE - 1) + [429]
    assert listen(limited, "resumer", last_event_id=first[0].id) == first[1:]  # even then


def test_a_cursor_that_is_made_up_is_no_way_round(limited: RunningServer) -> None:
    cursors = [f"generation-{uuid.uuid4()}:5", "nonsense"] * (SHARE // 2)
    assert {listen(limited, "forger", last_event_id=cursor)[-1].name for cursor in cursors} == {"close"}
    assert [event.name for event in listen(limited, "forger", last_event_id=cursors[0])] == ["error"]
    assert [event.name for event in listen(limited, "forger", last_event_id=f"generation-{uuid.uuid4()}:1")] == [
        "error"
    ]
    assert len(turns(limited, "forger")) == SHARE


def test_a_request_that_makes_no_sense_is_not_counted(limited: RunningServer) -> None:
    for _ in range(SHARE + 1):
        response = httpx.post(f"{limited.url}{BASE_INFO}", json={"sessionId": "clumsy", "location": "도시"})
        assert response.status_code == 400
    assert post(limited, "clumsy").status_code == 200


def test_an_address_is_limited_whatever_it_says_of_itself(direct: RunningServer) -> None:
    answers = [post(direct, f"s{n}", **{"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(5)]
    assert answers == [200, 200, 200, 429, 429]


def test_behind_a_trusted_proxy_its_clients_are_limited_one_by_one(proxied: RunningServer) -> None:
    answers = [post(proxied, f"s{n}", **{"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in range(5)]
    assert answers == [200] * 5
    sent = [f"192.0.2.{n}, 203.0.113.9, 10.0.0.1" for n in range(5)]  # a client that makes up what stands first
    answers = [post(proxied, f"t{n}", **{"X-Forwarded-For": value}).status_code for n, value in enumerate(sent)]
    assert answers == [200, 200, 200, 429, 429]
    answers = [post(proxied, f"u{n}", **{"X-Forwarded-For": f"2001:db8::{n}"}).status_code for n in range(5)]
    assert answers == [200, 200, 200, 429, 429]


@pytest.fixture(scope="module")
def processes() -> Iterator[list[RunningServer]]:
    """Two processes of one service: on one database, with one Redis. Both limit sessions."""
    if redis_server.EXECUTABLE is None:
        pytest.skip("needs redis-server (Debian's package redis-server)")
    prefix = f"leafresh-test-{uuid.uuid4().hex[:16]}"
    rate = f"{SHARE}/m"
    with RunningRedis() as redis:
        env = {"REDIS_URL": redis.url, "LEAFRESH_REDIS_PREFIX": prefix, "LEAFRESH_SESSION_RATE": rate}
        with RunningServer(env=env) as one, RunningServer(env=env, data_dir=one.data_dir) as other:
            yield [one, other]


def test_of_two_hundred_requests_at_once_two_processes_answer_a_sessions_share(processes: list[RunningServer]) -> None:
    async def statuses() -> list[int]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=120) as client:
            body = {**SELECTION, "sessionId": "hasty"}
            urls = [f"{processes[number % 2].url}{BASE_INFO}" for number in range(200)]
            return [answer.status_code for answer in await asyncio.gather(*(client.post(it, json=body) for it in urls))]

    assert Counter(asyncio.run(statuses())) == {200: SHARE, 429: 200 - SHARE}
    assert post(processes[0], "hasty").status_code == post(processes[1], "hasty").status_code == 429
    assert post(processes[1], "other").status_code == 200


def test_limits_that_are_off_do_not_limit(server: RunningServer) -> None:
    assert {post(server, "unlimited").status_code for _ in range(SHARE * 2)} == {200}


def test_the_request_that_began_a_session_counts_for_its_owner() -> None:
    with RunningServer(env={"LEAFRESH_SESSION_RATE": "3/m"}) as server, httpx.Client(base_url=server.url) as browser:
        asked = [browser.post(BASE_INFO, json={**SELECTION, "sessionId": "owned"}).status_code for _ in range(5)]
    assert asked == [200, 200, 200, 429, 429]
