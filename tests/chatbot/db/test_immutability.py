"""No statement can change published rows in the database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import translation

from chatbot.db.immutability import APPEND_ONLY, install_guards
from chatbot.models import PromptRelease, PromptTemplate, PromptVersion
from tests.prompts import CONTENT, make_live, make_version, superuser

pytestmark = pytest.mark.django_db

BY_SQL = {
    "update a version": "UPDATE chatbot_promptversion SET system_text = '몰래'",
    "update a version's note": "UPDATE chatbot_promptversion SET note = note",
    "delete a version": "DELETE FROM chatbot_promptversion WHERE number = 2",
    "update a release": "UPDATE chatbot_promptrelease SET why = '몰래', overridden = FALSE",
    "delete a release": "DELETE FROM chatbot_promptrelease",
}

BY_ORM: dict[str, Callable[[], object]] = {
    "update versions": lambda: PromptVersion.objects.update(system_text="몰래"),
    "update one version": lambda: PromptVersion.objects.filter(number=2).update(number=7),
    "bulk_update versions": lambda: PromptVersion.objects.bulk_update(PromptVersion.objects.all(), ["note"]),
    "upsert a version": lambda: PromptVersion.objects.bulk_create(
        PromptVersion.objects.filter(number=2),
        update_conflicts=True,
        update_fields=["note"],
        unique_fields=["template", "number"],
    ),
    "delete a version that nothing needs": lambda: make_version().delete(),
    "update releases": lambda: PromptRelease.objects.update(why="몰래"),
    "delete a release": lambda: PromptRelease.objects.latest("pk").delete(),
    "delete releases": lambda: PromptRelease.objects.all().delete(),
    "raw delete of releases": lambda: PromptRelease.objects.all()._raw_delete("default"),
}


@pytest.fixture(autouse=True)
def _published() -> None:
    make_live(make_version())


def rows() -> list[Any]:
    return [*PromptVersion.objects.order_by("pk").values(), *PromptRelease.objects.order_by("pk").values()]


def by_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_rows_are_added() -> None:
    before = rows()
    make_live(make_version())
    assert len(rows()) == len(before) + 2


@pytest.mark.parametrize("statement", BY_SQL.values(), ids=BY_SQL)
def test_sql_changes_nothing(statement: str) -> None:
    before = rows()
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        by_sql(statement)
    assert rows() == before


@pytest.mark.parametrize("change", BY_ORM.values(), ids=BY_ORM)
def test_the_orm_changes_nothing(change: Callable[[], object]) -> None:
    before = rows()
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        change()
    assert rows() == before


def test_saving_a_row_again_raises_an_explanation() -> None:
    with translation.override("en"):
        with pytest.raises(ValidationError, match="A prompt version never changes: make a new one"):
            PromptVersion.objects.latest("pk").save()
        with pytest.raises(ValidationError, match="A release never changes"):
            PromptRelease.objects.latest("pk").save()


def test_what_a_release_needs_is_not_deleted() -> None:
    root = superuser()
    make_live(make_version(author=root))
    template = PromptTemplate.objects.get(key="base-info")
    for needed in (template, PromptVersion.objects.get(template=template, number=1), root):
        with pytest.raises(ProtectedError):
            needed.delete()


VERSION = "system_text, user_text, model, note, content_hash, created_at, template_id"
RELEASE = "kind, overridden, created_at, template_id, version_id"
REPLACING = {
    "by its id": f"chatbot_promptversion (id, number, {VERSION}) SELECT id, 9, {VERSION}",
    "by its number": f"chatbot_promptversion (number, {VERSION}) SELECT number, {VERSION}",
    "a release": f"chatbot_promptrelease (id, why, {RELEASE}) SELECT id, '몰래', {RELEASE}",
}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces rows without their delete triggers")
@pytest.mark.parametrize("replacement", REPLACING.values(), ids=REPLACING)
def test_sqlite_replaces_nothing(replacement: str) -> None:
    before = rows()
    table = replacement.split(" ", 1)[0]
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        by_sql(f"INSERT OR REPLACE INTO {replacement} FROM {table}")
    assert rows() == before


def test_the_triggers_come_back_after_a_migration_dropped_them() -> None:
    for table in APPEND_ONLY:
        if connection.vendor == "sqlite":
            for event in ("update", "delete", "replace"):
                by_sql(f"DROP TRIGGER {table}_no_{event}")
        else:
            by_sql(f"DROP TRIGGER {table}_guard ON {table}")
    assert PromptVersion.objects.filter(number=2).update(note="몰래") == 1
    call_command("migrate", verbosity=0)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        PromptVersion.objects.update(note="몰래")


def test_installing_again_is_harmless() -> None:
    install_guards()
    install_guards()
    assert make_version(system_text="새로").system_text != CONTENT.system_text
