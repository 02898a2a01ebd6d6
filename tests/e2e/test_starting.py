"""Errors that prevent a start are one sentence; and files that the server creates are private."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.e2e import databases
from tests.e2e.server import ROOT, RunningServer, prepared_data
from tests.e2e.sse import BASE_INFO, SELECTION

alone = pytest.mark.skipif(
    databases.ON_POSTGRESQL or bool(os.environ.get("TEST_REDIS_URL")), reason="of SQLite without Redis"
)


def fails(*arguments: str, env: dict[str, str]) -> str:
    """What a command says on standard error when it ends with a failure."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LEAFRESH_", "DATABASE_URL"))}
    command = [sys.executable, "manage.py", *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, env={**kept, **env}, capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr + ended.stdout
    return ended.stderr


@alone
def test_a_second_server_on_the_same_database_does_not_start() -> None:
    slow = {"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "200"}
    with (
        RunningServer(fresh=True, env=slow) as first,
        httpx.stream("GET", f"{first.url}{BASE_INFO}", params=SELECTION, timeout=30) as stream,
    ):
        lines = stream.iter_lines()
        next(lines)
        serve = ("serve", "--host", "127.0.0.1", "--port", "0")
        database = first.data_dir / "db.sqlite3"
        said = (
            f"CommandError: Another server (process {first.pid}) uses the database {database}. Stop it first, or give "
            "this one another LEAFRESH_DATA_DIR. Several processes of one site need PostgreSQL and Redis: "
            "docs/operating.md.\n"
        )
        with tempfile.TemporaryDirectory() as elsewhere:  # the database counts, not the directory
            by_directory = fails(*serve, env={"LEAFRESH_DATA_DIR": str(first.data_dir)})
            by_address = fails(*serve, env={"LEAFRESH_DATA_DIR": elsewhere, "DATABASE_URL": f"sqlite:///{database}"})
        assert by_directory == by_address == said
        assert first.sql("SELECT outcome FROM chatbot_generation") == [("running",)]

        assert first.stop(signal.SIGKILL) == -signal.SIGKILL
        with RunningServer(fresh=True, data_dir=first.data_dir) as second:
            assert httpx.get(f"{second.url}/health/ready").status_code == 200


def test_without_postgresql_every_command_says_so_in_one_sentence(tmp_path: Path) -> None:
    env = {"DATABASE_URL": "postgres://somebody:secret@127.0.0.1:1/leafresh", "LEAFRESH_DATA_DIR": str(tmp_path)}
    commands = (("serve", "--host", "127.0.0.1", "--port", "0"), ("create_admin",), ("setup",), ("purge_sessions",))
    with ThreadPoolExecutor(4) as pool:
        for said in pool.map(lambda command: fails(*command, env=env), commands):
            *before, sentence = said.strip().split("\n")
            assert sentence.startswith("PostgreSQL does not answer at 127.0.0.1, port 1: ")
            assert sentence.endswith(". Start it, or correct DATABASE_URL.")
            assert all("psycopg.pool" in line for line in before), said
            assert "secret" not in said


@alone
def test_a_database_without_tables_is_told_the_remedy(tmp_path: Path) -> None:
    serve = ("serve", "--host", "127.0.0.1", "--port", "0")
    assert fails(*serve, env={"LEAFRESH_DATA_DIR": str(tmp_path)}) == (
        "The database has no tables yet, or old ones: run `manage.py setup`.\n"
    )


@alone
def test_what_a_server_keeps_is_its_own() -> None:
    """Also where it was not: files and the directory of an older version, and whatever the umask is."""
    with tempfile.TemporaryDirectory() as parent:
        data_dir = Path(parent) / "var"
        databases.copy_data(prepared_data(), data_dir)
        data_dir.chmod(0o755)
        (data_dir / "secret-key").chmod(0o644)
        (data_dir / "db.sqlite3").chmod(0o644)
        with RunningServer(fresh=True, data_dir=data_dir) as server:
            assert httpx.get(f"{server.url}{BASE_INFO}", params=SELECTION).status_code == 200
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [data_dir, *data_dir.iterdir()]}
            server.stop()
    private = ("db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "db.sqlite3.lock", "secret-key")
    assert modes["var"] == 0o700
    assert {name: modes[name] for name in private} == dict.fromkeys(private, 0o600)
