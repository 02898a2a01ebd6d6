"""Who takes part: the clients with their addresses, and the sessions with many turns that some of them have."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.e2e.hostile import kinds
from tests.e2e.hostile.plan import Client, OwnedSession
from tests.e2e.server import RunningServer, run_python
from tests.e2e.sse import BASE_INFO, FREE_TEXT, SELECTION

_PROOF = "X-Leafresh-Session-Token"
"""The header with the token of a session."""

HOSTILE = 50


def clients(url: str, servers: Sequence[RunningServer], options: Any) -> list[Client]:
    """All clients of the run. Sessions are begun by their clients, at the real server, and then given more turns in the
    database."""
    taking_part = [Client(kinds.ORDINARY, f"127.0.1.{number}") for number in range(1, options.ordinary + 1)]
    wanted = [kind for kind, count in shares(options.hostile, options.only).items() for _ in range(count)]

    def begin(kind: str, address: str) -> Client:
        count, very_long = kinds.KINDS[kind].sessions
        turns = options.very_long if very_long else options.long
        return Client(kind, address, list(_begin(url, address, count, turns)))

    with ThreadPoolExecutor(10) as pool:
        taking_part += pool.map(begin, wanted, (f"127.0.2.{number}" for number in range(1, 255)))
    wanted_turns = [(session.id, session.turns) for client in taking_part for session in client.sessions]
    if wanted_turns:
        run_python(servers[0].data_dir, "-m", "tests.e2e.hostile.laying", stdin=json.dumps(wanted_turns))
    for server in servers:
        _load_analyser(server)
    return taking_part


def shares(hostile: int, only: str | None) -> Mapping[str, int]:
    """How many clients each kind has, of so many hostile ones."""
    wanted = {name: kind for name, kind in kinds.KINDS.items() if only in {None, name} and hostile}
    return {name: max(1, round(kind.share * hostile / HOSTILE)) for name, kind in wanted.items()}


def _begin(url: str, address: str, count: int, turns: int) -> Iterator[OwnedSession]:
    """Sessions of one client with one turn each, with the headers that prove the ownership."""
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(transport=transport, timeout=60) as http:
        for _ in range(count):
            session = uuid.uuid4().hex
            response = http.post(f"{url}{BASE_INFO}", json={**SELECTION, "sessionId": session})
            response.raise_for_status()
            headers = {_PROOF: response.headers[_PROOF]} if _PROOF in response.headers else {}
            cookies = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
            yield OwnedSession(session, turns, {**headers, **({"Cookie": cookies} if cookies else {})})


def _load_analyser(server: RunningServer) -> None:
    """Sends a first message, because the server then loads its analyser. The load begins after that."""
    body = {"message": "다른 거 없어?", "sessionId": uuid.uuid4().hex}
    httpx.post(f"{server.url}{FREE_TEXT}", json=body, timeout=60).raise_for_status()
