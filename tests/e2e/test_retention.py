"""Old sessions are erased while the server writes to the same database."""

import re
from typing import Any

from tests.e2e import databases
from tests.e2e.conversations import told
from tests.e2e.server import RunningServer, manage
from tests.e2e.sse import SELECTION, Background, stream

OLD = 10


def turns(server: RunningServer, session: str) -> list[Any]:
    return told(server, session)


def test_purging_while_people_are_answered_loses_only_what_is_old() -> None:
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "5"}) as server:
        asked = [Background(server.url, sessionId=f"old{number}", **SELECTION) for number in range(OLD)]
        assert {events[-1].name for events in map(Background.join, asked)} == {"close"}
        list(stream(server.url, sessionId="alive", **SELECTION))
        server.sql(f"UPDATE chatbot_chatsession SET active_at = {databases.days_ago(91)} WHERE key LIKE 'old%'")
        asked = [Background(server.url, sessionId=f"new{number}", **SELECTION) for number in range(OLD)]
        said = manage(server.data_dir, "purge_sessions")
        assert {events[-1].name for events in map(Background.join, asked)} == {"close"}
        found = re.fullmatch(
            r"Erased what is older than 90 days: 10 sessions, 10 turns, 0 feedback, ([1-9]\d*) generations?\.\n", said
        )
        assert found, said
        assert turns(server, "old0") == []
        assert [len(turns(server, session)) for session in ("alive", "new0", "new9")] == [1, 1, 1]
        assert not re.search("ERROR|Traceback|locked", server.output)
        assert manage(server.data_dir, "purge_sessions", "--dry-run").startswith("Would erase")
