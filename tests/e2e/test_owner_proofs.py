"""The credentials of a session: which client gets them, and when the server accepts them."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conversations import told
from tests.e2e.ownership import (
    COOKIE,
    DEEDS,
    EVENTS,
    HEADER,
    PEOPLE,
    REFUSAL,
    Shown,
    begun,
    cookie,
    guessable,
    in_state,
    is_bound,
    owner_cookie,
)
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, Background, parse, stream
from tests.e2e.websocket import ask, opened, receive, tell


def test_a_first_answer_gives_a_cookie_and_a_token(server: RunningServer) -> None:
    query = {**SELECTION, "sessionId": guessable()}
    response = httpx.get(f"{server.url}{BASE_INFO}", params=query, headers=EVENTS)
    name, *attributes = response.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(COOKIE + "_[0-9a-f]{8}=.*", name)
    assert sorted(it for it in attributes if not it.startswith("expires")) == [
        "HttpOnly",
        "Max-Age=7776000",
        "Path=/",
        "SameSite=Lax",
    ]
    start = next(event for event in parse(response.text.split("\n")) if event.data)
    assert start.payload["sessionToken"] == response.headers[HEADER]


def test_under_https_the_cookie_goes_to_embedded_chats_and_by_https_alone() -> None:
    env = {"LEAFRESH_HTTPS": "true", "LEAFRESH_TRUSTED_PROXIES": "127.0.0.1"}
    with RunningServer(env=env) as server:
        answer = httpx.post(f"{server.url}{BASE_INFO}", json={**SELECTION, "sessionId": guessable()})
    attributes = answer.headers["Set-Cookie"].split("; ")[1:]
    assert {"HttpOnly", "Secure", "SameSite=None", "Path=/"} <= set(attributes)


def test_only_the_first_answer_names_the_token(server: RunningServer) -> None:
    session = in_state(server, "unbound")
    for headers in ({}, cookie(session), {HEADER: session.token}):
        query = {**SELECTION, "sessionId": session.id}
        response = httpx.get(f"{server.url}{BASE_INFO}", params=query, headers={**EVENTS, **headers})
        assert HEADER not in response.headers
        assert "sessionToken" not in response.text
        assert bool(owner_cookie(response)) is ("Cookie" in headers)  # renewed


def test_a_stranger_who_asks_first_gets_nothing_that_the_owner_could_lose(server: RunningServer) -> None:
    session = in_state(server, "unbound")
    stranger = httpx.post(f"{server.url}{BASE_INFO}", json={**SELECTION, "sessionId": session.id})
    assert (stranger.status_code, HEADER in stranger.headers, bool(owner_cookie(stranger))) == (200, False, False)
    assert DEEDS["read"](server, session, PEOPLE["cookie"](server, session))["status"] == 200
    assert DEEDS["select"](server, session, PEOPLE["nothing"](server, session)) == REFUSAL


def test_a_browser_with_a_cookie_owns_what_it_begins_at_once(server: RunningServer) -> None:
    first = begun(server, guessable())
    second = begun(server, guessable(), **cookie(first))
    assert is_bound(server, second)
    assert DEEDS["read"](server, second, PEOPLE["nothing"](server, second)) == REFUSAL
    assert DEEDS["read"](server, second, PEOPLE["cookie"](server, first))["status"] == 200
    assert DEEDS["read"](server, second, PEOPLE["header"](server, first)) == REFUSAL  # a token is of one session


def test_a_browser_that_begins_several_sessions_at_once_owns_them_all(server: RunningServer) -> None:
    several = [begun(server, guessable()) for _ in range(3)]
    jar = {"Cookie": "; ".join(session.cookie for session in several)}
    for session in several:
        assert DEEDS["read"](server, session, Shown(jar, {}, {}))["status"] == 200
        with opened(server, session.id, additional_headers=jar) as connection:
            assert ask(connection, "say", message="고마워")[-1].name == "close"
    later = httpx.post(f"{server.url}{BASE_INFO}", json={**SELECTION, "sessionId": guessable()}, headers=jar)
    assert owner_cookie(later) in {session.cookie for session in several}  # renewed, no other


def test_a_page_that_reads_before_it_asks_owns_its_session_even_if_the_first_answer_is_lost(
    server: RunningServer,
) -> None:
    session_id = guessable()
    empty = httpx.get(f"{server.url}/api/chatbot/sessions/{session_id}")
    assert empty.json()["data"]["turns"] == []
    token = {HEADER: empty.headers[HEADER]}
    lost = stream(server.url, sessionId=session_id, headers=token, **SELECTION)
    next(lost)
    lost.close()
    again = list(stream(server.url, sessionId=session_id, headers=token, **SELECTION))
    assert again[-1].name == "close"
    read = httpx.get(f"{server.url}/api/chatbot/sessions/{session_id}", headers={"Cookie": owner_cookie(empty)})
    assert read.status_code == 200
    assert httpx.get(f"{server.url}/api/chatbot/sessions/{session_id}").json() == REFUSAL


def test_what_was_offered_to_another_opens_no_session(server: RunningServer) -> None:
    session_id = guessable()
    offered = httpx.get(f"{server.url}/api/chatbot/sessions/{session_id}").headers[HEADER]
    session = begun(server, session_id)
    assert httpx.get(f"{server.url}/api/chatbot/sessions/{session.id}", headers={HEADER: offered}).json() == REFUSAL


def test_a_foreign_page_neither_gets_nor_replaces_a_cookie(server: RunningServer) -> None:
    mine = begun(server, guessable())
    for headers in ({}, cookie(mine)):
        foreign = {**headers, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        answer = httpx.post(f"{server.url}{BASE_INFO}", json={**SELECTION, "sessionId": guessable()}, headers=foreign)
        assert (answer.status_code, bool(owner_cookie(answer))) == (200, False)
        read = httpx.get(f"{server.url}/api/chatbot/sessions/{guessable()}", headers=foreign)
        assert (read.status_code, bool(owner_cookie(read))) == (200, False)


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        (None, None, 200),
        (None, "same-origin", 200),
        (None, "none", 200),
        ("own", "same-origin", 200),
        ("own", None, 200),
        ("https://app.example.com", "cross-site", 200),
        ("https://app.example.com", None, 200),
        (None, "same-site", 403),
        (None, "cross-site", 403),
        ("null", "cross-site", 403),
        ("null", None, 403),
        ("https://evil.example", "cross-site", 403),
        ("https://evil.example", None, 403),
        ("http://app.example.com", None, 403),
        ("https://app.example.com.evil.example", None, 403),
        ("http://127.0.0.1:1", "same-site", 403),
    ],
)
def test_a_cookie_counts_for_pages_that_the_server_knows(
    embedded: RunningServer, origin: str | None, site: str | None, status: int
) -> None:
    session = in_state(embedded, "bound")
    sent = {"Origin": embedded.url if origin == "own" else origin, "Sec-Fetch-Site": site}
    headers = {**cookie(session), **{name: value for name, value in sent.items() if value is not None}}
    assert httpx.get(f"{embedded.url}/api/chatbot/sessions/{session.id}", headers=headers).status_code == status


@pytest.fixture(scope="module")
def embedded() -> Iterator[RunningServer]:
    with RunningServer(env={"LEAFRESH_CORS_ORIGINS": "https://app.example.com"}) as running:
        yield running


def test_another_origin_may_send_the_token_and_read_it(embedded: RunningServer) -> None:
    origin = {"Origin": "https://app.example.com"}
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": HEADER.lower()}
    allowed = httpx.options(f"{embedded.url}{BASE_INFO}", headers={**origin, **asks})
    assert HEADER.lower() in allowed.headers["Access-Control-Allow-Headers"]
    answer = httpx.post(f"{embedded.url}{BASE_INFO}", json=SELECTION, headers=origin)
    assert HEADER.lower() in answer.headers["Access-Control-Expose-Headers"]


def test_a_forgotten_id_can_be_begun_by_another(server: RunningServer) -> None:
    before = in_state(server, "bound")
    assert DEEDS["erase"](server, before, PEOPLE["cookie"](server, before))["status"] == 200
    after = begun(server, before.id)
    assert DEEDS["read"](server, after, PEOPLE["header"](server, after))["status"] == 200
    for was in ("cookie", "header"):
        assert DEEDS["read"](server, after, PEOPLE[was](server, before)) == REFUSAL


def test_an_answer_that_is_being_written_is_its_owners(slow_server: RunningServer) -> None:
    session_id = guessable()
    writing = Background(slow_server.url, sessionId=session_id, **SELECTION)
    while not writing.events:
        pass
    start = writing.events[0].payload
    token = {HEADER: start["sessionToken"]}
    asked = {**SELECTION, "sessionId": session_id}
    with httpx.Client(base_url=slow_server.url, timeout=30) as client:
        assert client.get(f"/api/chatbot/sessions/{session_id}", headers=token).status_code == 200
        stopped = client.post(
            f"/api/chatbot/generations/{start['generationId']}/stop", params={"sessionId": session_id}
        )
        unnamed = client.post(f"/api/chatbot/generations/{start['generationId']}/stop")
        joined = client.post(BASE_INFO, json=asked)
        resumed = client.get(
            BASE_INFO, params=asked, headers={**EVENTS, "Last-Event-ID": f"generation-{start['generationId']}:1"}
        )
        elsewhere = client.get(
            BASE_INFO,
            params={**SELECTION, "sessionId": guessable()},
            headers={**EVENTS, "Last-Event-ID": f"generation-{start['generationId']}:1"},
        )
    assert [stopped.json(), unnamed.json(), joined.json()] == [REFUSAL] * 3
    for refused in (resumed, elsewhere):
        assert [event.envelope for event in parse(refused.text.split("\n")) if event.data] == [REFUSAL]
    assert "stopped" not in writing.join()[-1].payload


def test_an_owner_resumes_by_the_query_and_no_other_client_does(server: RunningServer) -> None:
    session = in_state(server, "bound")
    asked = {**SELECTION, "sessionId": session.id}
    events = list(stream(server.url, headers=cookie(session), **asked))
    asked["lastEventId"] = events[0].id
    assert list(stream(server.url, headers=cookie(session), **asked)) == events[1:]
    refused = httpx.get(f"{server.url}{BASE_INFO}", params=asked, headers=EVENTS)
    assert [event.envelope for event in parse(refused.text.split("\n")) if event.data] == [REFUSAL]


def test_a_message_that_is_being_answered_is_joined_by_its_owner_alone(slow_server: RunningServer) -> None:
    session = in_state(slow_server, "bound")
    path = "/ai/chatbot/recommendation/free-text"
    said = {"message": "더 쉬운 거 없어?", "sessionId": session.id}
    writing = Background(slow_server.url, path=path, headers=cookie(session), **said)
    while not writing.events:
        pass
    assert httpx.post(f"{slow_server.url}{path}", json=said).json() == REFUSAL
    joined = list(stream(slow_server.url, path=path, headers=cookie(session), **said))
    assert joined[0].id == writing.join()[0].id


def test_what_several_ask_for_together_is_each_ones_own(slow_server: RunningServer) -> None:
    shared = {"location": "산", "workType": "영업직", "category": "플로깅"}
    ids = [guessable() for _ in range(2)]
    clients = [Background(slow_server.url, sessionId=each, **shared) for each in ids]
    streams = [client.join() for client in clients]
    tokens = [events[0].payload["sessionToken"] for events in streams]
    assert len({events[0].id for events in streams}) == 1
    assert len(set(tokens)) == 2
    for own, other in ((0, 1), (1, 0)):
        address = f"{slow_server.url}/api/chatbot/sessions/{ids[own]}"
        assert httpx.get(address, headers={HEADER: tokens[own]}).status_code == 200
        assert httpx.get(address, headers={HEADER: tokens[other]}).json() == REFUSAL


def test_two_who_begin_a_session_at_once_get_one_owner(server: RunningServer) -> None:
    for _ in range(5):
        session_id = guessable()
        selections = [{**SELECTION, "location": each} for each in ("city", "beach", "mountain", "rural")]
        clients = [Background(server.url, sessionId=session_id, **each) for each in selections]
        starts = [client.join()[0].payload for client in clients]
        (token,) = [start["sessionToken"] for start in starts if "sessionToken" in start]
        read = httpx.get(f"{server.url}/api/chatbot/sessions/{session_id}", headers={HEADER: token})
        (own,) = [start["generationId"] for start in starts if "sessionToken" in start]
        assert [turn["generationId"] for turn in read.json()["data"]["turns"]] == [own]
        assert server.sql(f"SELECT count(*) FROM chatbot_turn WHERE session_id = '{session_id}'") == [(4,)]


def test_a_connection_goes_on_with_the_session_that_it_began(server: RunningServer) -> None:
    session_id = guessable()
    with opened(server, session_id) as connection:
        start = ask(connection, "recommend", **SELECTION)[0].fields["data"]["data"]
        with opened(server, session_id) as other:
            assert ask(other, "say", message="고마워", sessionToken=start["sessionToken"])[-1].name == "close"
            assert ask(other, "say", message="안녕")[-1].name == "close"  # shown once, for the connection
        assert ask(connection, "say", message="고마워요")[-1].name == "close"
        with opened(server, session_id) as stranger:
            assert [it.fields["data"] for it in ask(stranger, "say", message="고마워")] == [REFUSAL]
            tell(stranger, "stop", generationId=start["generationId"])
            assert receive(stranger).fields["data"] == REFUSAL


def test_a_connection_that_the_server_names_can_be_read(server: RunningServer) -> None:
    with opened(server) as connection:
        start = ask(connection, "recommend", **SELECTION)[0].fields["data"]["data"]
    assert len(start["sessionId"]) == 32
    read = httpx.get(f"{server.url}/api/chatbot/sessions/{start['sessionId']}")
    assert [turn["generationId"] for turn in read.json()["data"]["turns"]] == [start["generationId"]]


def test_a_session_from_before_owners_were_known_goes_on(server: RunningServer) -> None:
    session = begun(server, guessable())
    server.sql(f"UPDATE chatbot_chatsession SET owner = '' WHERE key = '{session.id}'")
    assert DEEDS["select"](server, session, PEOPLE["cookie"](server, session))["status"] == 200
    assert not is_bound(server, session)
    assert DEEDS["read"](server, session, PEOPLE["cookie"](server, session)) == REFUSAL
    assert len(told(server, session.id)) == 2  # with an id that cannot be guessed


def test_tokens_are_in_no_log(slow_server: RunningServer) -> None:
    session = in_state(slow_server, "bound")
    query = {**SELECTION, "sessionId": session.id, "sessionToken": session.token}
    connection = stream(slow_server.url, **query)
    next(connection)
    connection.close()
    httpx.get(f"{slow_server.url}/api/chatbot/sessions/{session.id}", params={"sessionToken": session.token})
    httpx.get(f"{slow_server.url}/api/nowhere", params={"sessionToken": session.token})
    assert session.token not in slow_server.output
    assert session.cookie not in slow_server.output
