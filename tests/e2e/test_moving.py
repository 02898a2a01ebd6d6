"""From SQLite to another database, as docs/operating.md says it."""

from pathlib import Path
from typing import Any

import httpx

from tests.e2e import databases
from tests.e2e.conversations import told
from tests.e2e.server import RunningServer, manage
from tests.e2e.sse import BASE_INFO, SELECTION

LEFT_OUT = ("contenttypes", "auth.permission", "sessions", "admin.logentry")
TABLES = ("auth_user", "challenges_challenge", "chatbot_chatsession", "chatbot_generation", "chatbot_promptversion")


def turns(server: RunningServer) -> list[dict[str, Any]]:
    """What was said, but for the moment, of which JSON keeps milliseconds."""
    found = told(server, "moves")
    return [{name: value for name, value in turn.items() if name != "askedAt"} for turn in found]


def test_everything_comes_along(tmp_path: Path) -> None:
    dump, there = tmp_path / "leafresh.json", tmp_path / "there"
    there.mkdir()
    options = [option for name in LEFT_OUT for option in ("--exclude", name)]
    try:
        with RunningServer() as server:
            manage(server.data_dir, "create_admin")
            asked = httpx.get(f"{server.url}{BASE_INFO}", params={**SELECTION, "sessionId": "moves"}).text
            manage(server.data_dir, "dumpdata", "--natural-foreign", "--natural-primary", *options, "-o", str(dump))
            counts = [server.sql(f"SELECT count(*) FROM {table}") for table in TABLES]
            said = turns(server)
        manage(there, "migrate")
        manage(there, "loaddata", str(dump))
        manage(there, "setup")
        with RunningServer(data_dir=there) as server:
            assert [server.sql(f"SELECT count(*) FROM {table}") for table in TABLES] == counts
            assert turns(server) == said
            again = httpx.get(f"{server.url}{BASE_INFO}", params={**SELECTION, "sessionId": "moves"}).text
            assert "event: close" in again
            assert again.rpartition("event: close")[2] != asked.rpartition("event: close")[2]  # it remembers
    finally:
        databases.remove_data(there)
