"""Every process of a fleet knows the owner of a session, which is stored only in the database."""

import time
from collections.abc import Iterator

import httpx
import pytest
import redis

from tests.e2e.fleet import RunningFleet, needs_a_fleet
from tests.e2e.ownership import (
    COOKIE,
    DEEDS,
    EVENTS,
    HEADER,
    PEOPLE,
    REFUSAL,
    begun,
    guessable,
    in_state,
    is_bound,
    turns_kept,
)
from tests.e2e.sse import BASE_INFO, SELECTION, Background, of_all, parse

pytestmark = needs_a_fleet

AT_THE_OTHER_PROCESS = """
who        select say resume read rate stop erase
cookie     ok     ok  ok     ok   ok   ok   ok
header     ok     ok  ok     ok   ok   ok   ok
query      ok     ok  ok     ok   ok   ok   ok
nothing    403    403 403    403  403  403  403
stranger   403    403 403    403  403  403  403
foreign    403    403 403    403  403  403  403
"""


@pytest.fixture(scope="module")
def fleet() -> Iterator[RunningFleet]:
    with RunningFleet(2) as running:
        yield running


@pytest.mark.parametrize("row", AT_THE_OTHER_PROCESS.strip().splitlines()[1:], ids=lambda row: row.split()[0])
def test_who_can_do_what_at_the_other_process(fleet: RunningFleet, row: str) -> None:
    one, other = fleet.servers
    who, *expected = row.split()
    for deed, outcome in zip(DEEDS, expected, strict=True):
        session = in_state(one, "bound")
        envelope = DEEDS[deed](other, session, PEOPLE[who](other, session))
        if outcome == "403":
            assert envelope == REFUSAL
            assert turns_kept(one, session) == 1
        else:
            assert envelope["status"] == 200


def test_coming_back_to_the_other_process_binds_for_both(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    session = begun(one, guessable())
    assert DEEDS["select"](other, session, PEOPLE["nothing"](other, session))["status"] == 200
    assert DEEDS["select"](other, session, PEOPLE["cookie"](other, session))["status"] == 200
    assert is_bound(one, session)
    assert DEEDS["select"](one, session, PEOPLE["nothing"](one, session)) == REFUSAL


def test_an_answer_of_one_process_goes_on_at_the_other_for_its_owner_alone(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    session_id = guessable()
    asked = {**SELECTION, "category": "UPCYCLING", "sessionId": session_id}
    whole = Background(one.url, **asked)
    while len(whole.events) < 3:
        time.sleep(0.01)
    start, last_id = whole.events[0].payload, whole.events[2].id
    token = {HEADER: start["sessionToken"]}
    mine = Background(other.url, last_event_id=last_id, headers=token, **asked)
    while not mine.events:
        time.sleep(0.01)
    for server in (one, other):
        refused = httpx.get(f"{server.url}{BASE_INFO}", params=asked, headers={**EVENTS, "Last-Event-ID": last_id})
        assert [event.envelope for event in parse(refused.text.split("\n")) if event.data] == [REFUSAL]
        stopped = httpx.post(
            f"{server.url}/api/chatbot/generations/{start['generationId']}/stop", params={"sessionId": session_id}
        )
        assert stopped.json() == REFUSAL
    assert mine.join() == whole.join()[3:]
    assert "stopped" not in mine.events[-1].payload


def test_those_who_share_an_answer_get_each_a_token_of_their_own_and_redis_none(fleet: RunningFleet) -> None:
    shared = {**SELECTION, "category": "DIGITAL_CARBON"}
    ids = [guessable(), guessable()]
    clients = [
        Background(server.url, sessionId=session_id, **shared)
        for server, session_id in zip(fleet.servers, ids, strict=True)
    ]
    streams = [client.join() for client in clients]
    assert streams[0][0].id == streams[1][0].id
    assert of_all(streams[0])[1:] == of_all(streams[1])[1:]
    tokens = [events[0].payload["sessionToken"] for events in streams]
    for server in fleet.servers:
        for number, session_id in enumerate(ids):
            address = f"{server.url}/api/chatbot/sessions/{session_id}"
            assert httpx.get(address, headers={HEADER: tokens[number]}).status_code == 200
            assert httpx.get(address, headers={HEADER: tokens[1 - number]}).json() == REFUSAL
    kept = redis.Redis.from_url(fleet.redis.url, decode_responses=True)
    logs = repr([kept.xrange(key) for key in kept.scan_iter(_type="stream")])
    assert "promptVersion" in logs  # of `start`, which all share
    for token in tokens:
        assert token not in logs
    for server in fleet.servers:
        assert not any(token in server.output for token in tokens)
        assert COOKIE not in server.output
