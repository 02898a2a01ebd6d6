"""The databases of tests' servers: a SQLite file in the data directory, or a PostgreSQL database of their own when the
test run has a ``DATABASE_URL`` of PostgreSQL."""

import os
import shutil
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

URL = os.environ.get("DATABASE_URL", "")
ON_POSTGRESQL = URL.startswith(("postgres", "pgsql"))

_NAME = "database-name"
"""The file in a data directory with the name of its PostgreSQL database."""


def environment_of(data_dir: Path) -> dict[str, str]:
    """The environment variable with the directory's database for a server or a command. A missing database is
    created."""
    if not ON_POSTGRESQL:
        return {}
    if not has_database(data_dir):
        _give_name(data_dir)
        _administer(f'CREATE DATABASE "{_name(data_dir)}"')
    return {"DATABASE_URL": _url(_name(data_dir))}


def has_database(data_dir: Path) -> bool:
    return (data_dir / (_NAME if ON_POSTGRESQL else "db.sqlite3")).exists()


def copy_data(source: Path, target: Path) -> Path:
    """Copies a data directory with its database, to which no client may be connected. Returns ``target``."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    if ON_POSTGRESQL:
        _give_name(target)
        _administer(f'CREATE DATABASE "{_name(target)}" TEMPLATE "{_name(source)}"')
    return target


def remove_data(data_dir: Path) -> None:
    """Removes the directory with its database, even if clients are connected to it."""
    if ON_POSTGRESQL and has_database(data_dir):
        _administer(f'DROP DATABASE IF EXISTS "{_name(data_dir)}" WITH (FORCE)')
    shutil.rmtree(data_dir, ignore_errors=True)


def sql(data_dir: Path, statement: str) -> list[tuple[Any, ...]]:
    """Runs one statement on the directory's database and returns the rows, if it has any."""
    if not ON_POSTGRESQL:
        with closing(sqlite3.connect(data_dir / "db.sqlite3", timeout=20, isolation_level=None)) as database:
            return database.execute(statement).fetchall()
    return _execute(_url(_name(data_dir)), statement)


def days_ago(days: int) -> str:
    """An SQL expression."""
    return f"now() - interval '{days} days'" if ON_POSTGRESQL else f"datetime('now', '-{days} days')"


def _name(data_dir: Path) -> str:
    return (data_dir / _NAME).read_text("ascii")


def _give_name(data_dir: Path) -> None:
    (data_dir / _NAME).write_text(f"leafresh_test_{uuid.uuid4().hex[:16]}", "ascii")


def _url(name: str) -> str:
    return urlunsplit(urlsplit(URL)._replace(path=f"/{name}"))


def _administer(statement: str) -> None:
    _execute(_url("postgres"), statement)


def _execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    import psycopg  # here: the embedded default needs no driver

    # isort: split
    with psycopg.connect(url.replace("pgsql:", "postgres:", 1), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []
