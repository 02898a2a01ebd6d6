"""Revisions tell, with one small query, whether data that a process has cached is still valid.

A revision is a random token for a group of tables. Database triggers replace it with every change of these tables, in
any process: by the admin, an import, ``QuerySet.update`` or a database client. Data that was read under a token is
valid until the token changes. The tokens are random, not counted: a change that is rolled back would otherwise use the
same number as the next change.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from django.apps import apps
from django.db import connections, transaction
from django.db.models import Model

_watched: dict[str, list[str]] = {}


def watch(name: str, *models: str) -> None:
    """Lets the revision ``name`` change with the tables of ``models`` (``app_label.Model``). App configs call it."""
    _watched[name] = list(models)


def read() -> Mapping[str, str]:
    """The present token of every revision. Takes one SQL statement."""
    from challenges.models import Revision  # here: apps call ``watch`` before their models are loaded

    return dict(Revision.objects.values_list("name", "token"))


def state_of(*models: type[Model], lock: bool = False) -> str:
    """A token that changes with any row of the models' tables. ``lock`` keeps it as it is until the transaction ends:
    whoever changes such a row waits. One SQL statement."""
    from challenges.models import Revision  # here: apps call ``watch`` before their models are loaded

    labels = {model._meta.label for model in models}
    names = [name for name, watched in _watched.items() if labels & set(watched)]
    rows = Revision.objects.filter(name__in=names).order_by("name")
    tokens = list((rows.select_for_update() if lock else rows).values_list("name", "token"))
    return hashlib.sha256(repr(tokens).encode()).hexdigest()


T = TypeVar("T")


class Cached(Generic[T]):
    """A value from the database that is kept until the token of its revision changes."""

    def __init__(self, name: str, load: Callable[[], T]) -> None:
        self._name = name
        self._load = load
        self._kept: tuple[str, T] | None = None

    def get(self, revisions: Mapping[str, str] | None = None) -> T:
        """The value. ``revisions`` is the result of ``read``, which is called if it is not given."""
        token = (read() if revisions is None else revisions).get(self._name)
        kept = self._kept
        if kept is not None and kept[0] == token:
            return kept[1]
        # The token is read before the value: after a change in between, the value is newer than its token, never older.
        value = self._load()
        if token is not None:
            self._kept = (token, value)
        return value


def install_triggers(using: str = "default", **_signal: Any) -> None:
    """Creates missing triggers. Runs after every ``migrate``: SQLite drops the triggers of a table that a migration
    rebuilds."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if "challenges_revision" not in tables:
        return
    statements = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for name, models in _watched.items():
            for model in models:
                table = apps.get_model(model)._meta.db_table
                if table in tables:
                    for statement in statements(name, table):
                        cursor.execute(statement)
            cursor.execute(
                "INSERT INTO challenges_revision (name, token) VALUES (%s, 'new') ON CONFLICT (name) DO NOTHING", [name]
            )


def _sqlite(name: str, table: str) -> list[str]:
    return [
        f"""
        CREATE TRIGGER IF NOT EXISTS {table}_revision_{event.lower()} AFTER {event} ON {table} BEGIN
            INSERT INTO challenges_revision (name, token) VALUES ('{name}', hex(randomblob(16)))
            ON CONFLICT (name) DO UPDATE SET token = excluded.token;
        END
        """
        for event in ("INSERT", "UPDATE", "DELETE")
    ]


def _postgresql(name: str, table: str) -> list[str]:
    return [
        f"""
        CREATE OR REPLACE FUNCTION {table}_revision() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            INSERT INTO challenges_revision (name, token) VALUES ('{name}', gen_random_uuid()::text)
            ON CONFLICT (name) DO UPDATE SET token = excluded.token;
            RETURN NULL;
        END
        $body$
        """,
        f"""
        CREATE OR REPLACE TRIGGER {table}_revision AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {table}_revision()
        """,
    ]
