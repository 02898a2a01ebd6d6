from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from chatbot.diagnosis import database
from chatbot.diagnosis.finding import fault, ok


@pytest.mark.django_db
def test_a_database_that_is_ready() -> None:
    assert database.problem(timeout=5) is None
    assert list(database.check())[:2] == [
        ok(f"The database answers ({connection.vendor})."),
        ok("Every migration is applied."),
    ]


@pytest.mark.django_db
def test_pending_migrations_are_named() -> None:
    applied = MigrationRecorder(connection).migration_qs.filter(app="chatbot")
    newest = max(applied.values_list("name", flat=True))
    MigrationRecorder(connection).record_unapplied("chatbot", newest)
    finding = list(database.check())[1]
    assert finding.level == "fault"
    assert f"chatbot.{newest}" in finding.message
    assert finding.remedy == "python manage.py migrate"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's databases are no files")
def test_a_file_that_is_missing_is_not_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    monkeypatch.setitem(connection.settings_dict, "NAME", str(file))
    assert database.problem(timeout=5) == fault(
        f"The database file {file} does not exist.", "python manage.py migrate, or correct DATABASE_URL."
    )
    assert not file.exists()


@pytest.mark.parametrize(("mode", "level"), [("wal", "ok"), ("memory", "ok"), ("delete", "fault")])
def test_journal_modes(mode: str, level: str) -> None:
    assert database.judge_journal(mode).level == level
