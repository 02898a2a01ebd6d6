"""Reads the data of a conversation from a server."""

from typing import Any

import httpx

from tests.e2e.server import RunningServer


def told(server: RunningServer, session: str, *, at: str = "") -> list[dict[str, Any]]:
    """The turns of the session from the API. ``at`` is another address than the server's own."""
    make_readable(server, session)
    response = httpx.get(f"{at or server.url}/api/chatbot/sessions/{session}")
    turns: list[dict[str, Any]] = response.json()["data"]["turns"]
    return turns


def make_readable(server: RunningServer, session: str) -> None:
    """Marks the session's id as made by the server: then every client with the id may read and erase it while it is
    unbound."""
    server.sql(f"UPDATE chatbot_chatsession SET server_made = true WHERE key = '{session}' AND NOT server_made")
