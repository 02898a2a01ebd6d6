"""``manage.py setup`` on an empty database, and again."""

from pathlib import Path

from tests.e2e import databases
from tests.e2e.server import manage


def test_an_empty_database_is_made_ready_and_nothing_is_done_twice(tmp_path: Path) -> None:
    try:
        first, again = manage(tmp_path, "setup"), manage(tmp_path, "setup")
        assert databases.sql(tmp_path, "SELECT count(*) > 100 FROM challenges_challenge") == [(True,)]
        assert databases.sql(tmp_path, "SELECT count(*) FROM chatbot_promptversion") == [(2,)]
        assert databases.sql(tmp_path, "SELECT count(*) FROM auth_user") == [(0,)]
        assert len(first.splitlines()) == len(again.splitlines())
        assert "Roles: nothing to add." in again
    finally:
        databases.remove_data(tmp_path)
