"""The clients and the actions of the ownership table."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, FREE_TEXT, SELECTION, parse
from tests.e2e.websocket import ask, opened

COOKIE, HEADER = "leafresh_owner", "X-Leafresh-Session-Token"
EVENTS = {"Accept": "text/event-stream"}
REFUSAL = {
    "status": 403,
    "message": "다른 곳에서 시작한 대화입니다. 대화를 시작할 때 받은 쿠키나 "
    "sessionToken(X-Leafresh-Session-Token 헤더)을 함께 보내 주세요.",
    "data": None,
}


@dataclass(frozen=True)
class Session:
    """A session with one answer, and the credentials that its first client got."""

    id: str
    generation_id: str
    cookie: str
    token: str


def owner_cookie(response: httpx.Response) -> str:
    """The owner's cookie in the response, with its name; empty when there is none."""
    return next((f"{name}={value}" for name, value in response.cookies.items() if name.startswith(COOKIE)), "")


def begun(server: RunningServer, session_id: str | None, **headers: str) -> Session:
    """Begins a session. Without an id, the server makes one."""
    body = SELECTION if session_id is None else {**SELECTION, "sessionId": session_id}
    answer = httpx.post(f"{server.url}{BASE_INFO}", json=body, headers=headers, timeout=30)
    assert answer.status_code == 200
    return Session(
        id=answer.headers["X-Leafresh-Session"],
        generation_id=answer.headers["X-Leafresh-Generation"],
        cookie=owner_cookie(answer),
        token=answer.headers.get(HEADER, ""),
    )


def guessable() -> str:
    """An id that a client chooses; new for each test."""
    return f"user{secrets.randbelow(10**12)}"


def in_state(server: RunningServer, state: str) -> Session:
    """``unbound``, whose id the client chose; ``made``, whose id the server made; ``bound``: its client came back."""
    session = begun(server, None if state == "made" else guessable())
    if state == "bound":
        back = httpx.get(f"{server.url}/api/chatbot/sessions/{session.id}", headers={HEADER: session.token})
        assert back.status_code == 200
    return session


def is_bound(server: RunningServer, session: Session) -> bool:
    ((bound,),) = server.sql(f"SELECT bound FROM chatbot_chatsession WHERE key = '{session.id}'")
    return bool(bound)


def turns_kept(server: RunningServer, session: Session) -> int:
    ((count,),) = server.sql(f"SELECT count(*) FROM chatbot_turn WHERE session_id = '{session.id}'")
    return int(count)


@dataclass(frozen=True)
class Shown:
    """The credentials in a client's requests."""

    headers: dict[str, str]
    query: dict[str, str]
    message: dict[str, str]
    by_websocket: bool = False


def _shown(
    headers: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    message: dict[str, str] | None = None,
    *,
    by_websocket: bool = False,
) -> Shown:
    return Shown(headers or {}, query or {}, message or {}, by_websocket)


def cookie(session: Session) -> dict[str, str]:
    return {"Cookie": session.cookie}


PEOPLE: dict[str, Callable[[RunningServer, Session], Shown]] = {
    "cookie": lambda server, it: _shown(cookie(it)),
    "header": lambda server, it: _shown({HEADER: it.token}),
    "query": lambda server, it: _shown(query={"sessionToken": it.token}),
    "nothing": lambda server, it: _shown(),
    "stranger": lambda server, it: _shown({**cookie(begun(server, guessable()))}),
    "forger": lambda server, it: _shown({HEADER: begun(server, guessable()).token, "Cookie": f"{COOKIE}=mine"}),
    "foreign": lambda server, it: _shown(
        {**cookie(it), "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    ),
    "image": lambda server, it: _shown({**cookie(it), "Sec-Fetch-Site": "cross-site"}),
    "ws-cookie": lambda server, it: _shown(cookie(it), by_websocket=True),
    "ws-token": lambda server, it: _shown(message={"sessionToken": it.token}, by_websocket=True),
    "ws-nothing": lambda server, it: _shown(by_websocket=True),
}
"""The clients of the table.

The owner with its cookie, with its token in a header, and with its token in the query. A client without credentials (an
older client, a relay, or one that guessed the id). A stranger with another cookie, and one with forged credentials. A
page of another origin in the owner's browser, and an image on it. Over WebSocket: the owner with its cookie, the owner
with its token, and a client without credentials.
"""


def select(server: RunningServer, it: Session, shown: Shown) -> dict[str, Any]:
    query = {**SELECTION, "sessionId": it.id}
    return _ask_by_websocket(server, it, shown, "recommend", SELECTION) or _streamed(server, BASE_INFO, query, shown)


def say(server: RunningServer, it: Session, shown: Shown) -> dict[str, Any]:
    said = {"message": "고마워"}
    if shown.by_websocket:
        return _ask_by_websocket(server, it, shown, "say", said) or {}
    body = {**said, "sessionId": it.id, **shown.query}
    return _envelope(httpx.post(f"{server.url}{FREE_TEXT}", json=body, headers=shown.headers, timeout=30))


def resume(server: RunningServer, it: Session, shown: Shown) -> dict[str, Any]:
    last = f"generation-{it.generation_id}:1"
    query = {**SELECTION, "sessionId": it.id}
    return _ask_by_websocket(server, it, shown, "resume", {"lastEventId": last}) or _streamed(
        server, BASE_INFO, query, shown, {"Last-Event-ID": last}
    )


def read(server: RunningServer, it: Session, shown: Shown) -> dict[str, Any]:
    return _call(server, "GET", f"sessions/{it.id}", shown)


def rate(server: RunningServer, it: Session, shown: Shown) -> dict[str, Any]:
    body = {"sessionId": it.id, "thumb": "up", **shown.query}
    return _call(server, "PUT", f"generations/{it.generation_id}/feedback", shown, json=body)


def stop(server: RunningServer, it: Session, shown: Shown) -> dict[str, Any]:
    if shown.by_websocket:
        with opened(server, it.id, additional_headers=shown.headers) as connection:
            connection.send(json.dumps({"type": "stop", "generationId": it.generation_id, **shown.message}))
            told: dict[str, Any] = json.loads(connection.recv(30))["data"]
            return told
    return _call(server, "POST", f"generations/{it.generation_id}/stop", shown, sessionId=it.id)


def erase(server: RunningServer, it: Session, shown: Shown) -> dict[str, Any]:
    return _call(server, "DELETE", f"sessions/{it.id}", shown)


DEEDS = {"select": select, "say": say, "resume": resume, "read": read, "rate": rate, "stop": stop, "erase": erase}


def _ask_by_websocket(
    server: RunningServer, it: Session, shown: Shown, kind: str, fields: dict[str, Any]
) -> dict[str, Any] | None:
    """The envelope of the last message; None for people without a WebSocket."""
    if not shown.by_websocket:
        return None
    with opened(server, it.id, additional_headers=shown.headers) as connection:
        told: dict[str, Any] = ask(connection, kind, **fields, **shown.message)[-1].fields["data"]
    return told


def _streamed(
    server: RunningServer, path: str, query: dict[str, Any], shown: Shown, more: dict[str, str] | None = None
) -> dict[str, Any]:
    """The envelope of the last event; a refusal is the only one."""
    headers = {**EVENTS, **shown.headers, **(more or {})}
    response = httpx.get(f"{server.url}{path}", params={**query, **shown.query}, headers=headers, timeout=30)
    assert response.status_code == 200
    events = [event for event in parse(response.text.split("\n")) if event.data]
    if events[-1].name == "error":
        assert len(events) == 1
        assert not events[0].id
        assert HEADER not in response.headers
        assert not owner_cookie(response)
    return events[-1].envelope


def _call(
    server: RunningServer, method: str, path: str, shown: Shown, json: dict[str, Any] | None = None, **query: str
) -> dict[str, Any]:
    params = {**query, **shown.query}
    url = f"{server.url}/api/chatbot/{path}"
    return _envelope(httpx.request(method, url, params=params, json=json, headers=shown.headers, timeout=30))


def _envelope(response: httpx.Response) -> dict[str, Any]:
    envelope: dict[str, Any] = response.json()
    assert envelope["status"] == response.status_code
    return envelope
