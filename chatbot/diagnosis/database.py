"""The database: whether it answers, is migrated, and lets readers go on while one writes."""

from collections.abc import Iterator
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection, connections
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor

from chatbot.diagnosis.finding import Finding, fault, ok

MIGRATE = "python manage.py migrate"


def problem(*, timeout: float) -> Finding | None:
    """Why the database cannot be used; None when it answers. A SQLite file that is missing is not made."""
    missing = _missing_file()
    if missing is not None:
        return fault(f"The database file {missing} does not exist.", f"{MIGRATE}, or correct DATABASE_URL.")
    asking = connections["default"]
    if asking.vendor == "postgresql":  # not from the pool, which would only say that it has no connection
        asking = asking.copy()
        limits = {"connect_timeout": max(1, round(timeout)), "pool": None}
        asking.settings_dict["OPTIONS"] = {**asking.settings_dict["OPTIONS"], **limits}
    try:
        with asking.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (Error, ImproperlyConfigured) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return fault(
            f"The database ({connection.vendor}) does not answer: {lines[0]}",
            "Start it, or correct DATABASE_URL, then try: python manage.py migrate --check",
        )
    finally:
        if asking is not connections["default"]:
            asking.close()
    return None


def check() -> Iterator[Finding]:
    """What to say of a database that answers."""
    yield ok(f"The database answers ({connection.vendor}).")
    yield _migrations()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            yield judge_journal(cursor.fetchone()[0])


def judge_journal(mode: str) -> Finding:
    """``mode`` is SQLite's answer to ``PRAGMA journal_mode``, after the settings asked for WAL."""
    if mode == "wal":
        return ok("SQLite keeps a write-ahead log: readers go on while one writes.")
    if mode == "memory":
        return ok("SQLite keeps this database in memory.")
    return fault(
        f"SQLite's journal mode is {mode}, not WAL: readers and writers wait for each other.",
        "Put the database on a local disk (LEAFRESH_DATA_DIR): network file systems cannot hold a write-ahead log.",
    )


def _migrations() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except InconsistentMigrationHistory as error:
        return fault(f"The history of migrations contradicts itself: {error}", "Restore the database from a backup.")
    pending = [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
    if not pending:
        return ok("Every migration is applied.")
    return fault(f"{len(pending)} migrations are not applied: {', '.join(pending)}.", MIGRATE)


def _missing_file() -> Path | None:
    if connection.vendor != "sqlite":
        return None
    name = str(connection.settings_dict["NAME"])
    if not name or name == ":memory:" or name.startswith("file:") or Path(name).exists():
        return None
    return Path(name)
