"""Database triggers that refuse to change or delete published prompts and their releases.

They are installed after every ``migrate``: SQLite drops the triggers of a table that a migration rebuilds.
"""

from typing import Any

from django.db import connections, transaction

APPEND_ONLY = {"chatbot_promptversion": "a prompt version", "chatbot_promptrelease": "a release"}
"""The append-only tables, and the name of a row in the error message."""

_REPLACED_ROW = {
    "chatbot_promptversion": "id = NEW.id OR (template_id = NEW.template_id AND number = NEW.number)",
    "chatbot_promptrelease": "id = NEW.id",
}
"""An SQL condition for each table: it finds the existing row that the new row (``NEW``) would replace."""


def install_guards(using: str = "default", **_signal: Any) -> None:
    """Creates missing triggers."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    statements = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for table, name in APPEND_ONLY.items():
            if table in tables:
                for statement in statements(table, name):
                    cursor.execute(statement)


def _sqlite(table: str, name: str) -> list[str]:
    """``INSERT OR REPLACE`` deletes a row without firing its delete trigger, so inserts have a trigger too."""
    same = f"EXISTS (SELECT 1 FROM {table} WHERE {_REPLACED_ROW[table]})"  # noqa: S608  constants of this module
    events = {"update": "UPDATE", "delete": "DELETE", "replace": "INSERT"}
    return [
        f"""
        CREATE TRIGGER IF NOT EXISTS {table}_no_{what} BEFORE {event} ON {table}
        WHEN {same if what == "replace" else "TRUE"} BEGIN
            SELECT RAISE(ABORT, '{name} never changes');
        END
        """
        for what, event in events.items()
    ]


def _postgresql(table: str, name: str) -> list[str]:
    return [
        f"""
        CREATE OR REPLACE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            RAISE EXCEPTION '{name} never changes' USING ERRCODE = 'integrity_constraint_violation';
        END
        $body$
        """,
        f"""
        CREATE OR REPLACE TRIGGER {table}_guard BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_guard()
        """,
    ]
