import os
import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.usage import database_handles


def test_handles_of_the_log_and_the_index_count_too(tmp_path: Path) -> None:
    before = database_handles(os.getpid())
    with closing(sqlite3.connect(tmp_path / "db.sqlite3")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE numbers (number)")
        assert database_handles(os.getpid()) - before == 3
    assert database_handles(os.getpid()) == before
