"""The transaction of an import: it writes all rows of a file, with their entries in the admin's log."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction

from challenges import revisions
from challenges.admin.change_log import Values, log_import

_AT_ONCE = 500


class CatalogChanged(Exception):
    """Rows that an import was compared with have changed before it was written."""


@dataclass(frozen=True)
class AcceptedRow:
    """A row of a file that was validated. ``options`` are those of its many-to-many fields, as far as it names them."""

    instance: models.Model
    is_new: bool
    options: Mapping[str, Sequence[models.Model]]
    values: Values


def write_rows(
    rows: Sequence[AcceptedRow],
    compared: Sequence[type[models.Model]],
    *,
    seen: str,
    claim: Callable[[], None] | None,
    user: Any,
) -> None:
    """Writes and logs all rows, or none.

    ``compared`` are the model of the rows and those that they refer to; ``seen`` is the state of their tables
    (``revisions.state_of``) when the rows were validated. ``claim`` runs in the transaction. Raises CatalogChanged.
    """
    try:
        with transaction.atomic():
            if revisions.state_of(*compared, lock=True) != seen:
                raise CatalogChanged
            if claim is not None:
                claim()
            compared[0]._default_manager.bulk_create([row.instance for row in rows if row.is_new])
            for row in rows:
                if not row.is_new:
                    row.instance.save(force_update=True)
            for field in compared[0]._meta.many_to_many:
                _write_options(field, [row for row in rows if field.name in row.options])
            log_import([(row.instance, row.is_new, row.values) for row in rows], user)
    except IntegrityError:
        raise CatalogChanged from None


def _write_options(field: Any, rows: Sequence[AcceptedRow]) -> None:
    """Replaces the options of a many-to-many field."""
    through, mine, other = field.remote_field.through, field.m2m_field_name(), field.m2m_reverse_field_name()
    keys = [row.instance.pk for row in rows]
    for start in range(0, len(keys), _AT_ONCE):
        through._default_manager.filter(**{f"{mine}__in": keys[start : start + _AT_ONCE]}).delete()
    through._default_manager.bulk_create(
        [
            through(**{f"{mine}_id": row.instance.pk, f"{other}_id": option.pk})
            for row in rows
            for option in row.options[field.name]
        ]
    )
