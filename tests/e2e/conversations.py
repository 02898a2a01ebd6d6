"""What a server knows of a conversation, for tests that only look on."""

from typing import Any

import httpx

from tests.e2e.server import RunningServer


def told(server: RunningServer, session: str, *, at: str = "") -> list[dict[str, Any]]:
    """The session's turns, as the API shows them; ``at`` another address than the server's own."""
    make_readable(server, session)
    response = httpx.get(f"{at or server.url}/api/chatbot/sessions/{session}")
    turns: list[dict[str, Any]] = response.json()["data"]["turns"]
    return turns


def make_readable(server: RunningServer, session: str) -> None:
    """As if the server had made the session's id: whoever knows it may read and erase what no client is bound to."""
    server.sql(f"UPDATE chatbot_chatsession SET server_made = true WHERE key = '{session}' AND NOT server_made")
