"""The values in the admin's log: those before and after a change, also of deleted rows.

They stand in the entry's message beside what Django writes there, under a key that Django passes over.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from challenges.admin.optimistic_lock import LockedForm

VALUES = "values"
KEPT_CHARACTERS = 500
SECRET = {"password"}

Values = Mapping[str, tuple[str, str]]
"""By field: the value before and after, as text; "" for none."""


def in_words(value: Any) -> str:
    """A field's value as the log keeps it."""
    match value:
        case None:
            text = ""
        case bool():
            text = _("yes") if value else _("no")
        case datetime():
            text = date_format(localtime(value), "DATETIME_FORMAT")
        case list() | tuple() | models.QuerySet():
            text = ", ".join(map(str, value))
        case _:
            text = str(value)
    return Truncator(text).chars(KEPT_CHARACTERS)


def values_in(entry: LogEntry) -> dict[str, tuple[str, str]]:
    """The values that an entry keeps, by field."""
    try:
        message = json.loads(entry.change_message)
    except ValueError:
        return {}
    parts = message if isinstance(message, list) else []
    found: Mapping[str, Any] = next((part[VALUES] for part in parts if isinstance(part, dict) and VALUES in part), {})
    return {name: (before, after) for name, (before, after) in found.items()}


def log_change(user: Any, row: models.Model, values: Values) -> None:
    """An entry for a change that no form of the admin made."""
    message = json.dumps([{"changed": {"fields": list(values)}, VALUES: values}], ensure_ascii=False)
    LogEntry.objects.log_actions(user.pk, [row], CHANGE, message, single_object=True)


def log_import(rows: Iterable[tuple[models.Model, bool, Values]], user: Any) -> None:
    """An entry for each row of an import: the row, whether it is new, what it changed."""
    entries = []
    for row, new, values in rows:
        kept = {name: (in_words(before), in_words(after)) for name, (before, after) in values.items()}
        done = {"added": {}} if new else {"changed": {"fields": list(values)}}
        entries.append(
            LogEntry(
                user_id=user.pk,
                content_type=ContentType.objects.get_for_model(row),
                object_id=str(row.pk),
                object_repr=str(row)[:200],
                action_flag=ADDITION if new else CHANGE,
                change_message=json.dumps([{**done, VALUES: kept}], ensure_ascii=False),
            )
        )
    LogEntry.objects.bulk_create(entries, batch_size=500)


class ChangeLogAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """An admin whose changes are logged with their values."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        message = super().construct_change_message(request, form, formsets, add)
        if isinstance(form, LockedForm) and isinstance(message, list) and message:
            message[0][VALUES] = {
                name: ("" if add else in_words(form.stored[name]), in_words(form.cleaned_data.get(name)))
                for name in form.changed_data
                if name in form.stored and name not in SECRET
            }
        return json.dumps(message, ensure_ascii=False)  # text that a search finds

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> list[LogEntry]:
        entries = [
            LogEntry(
                user_id=request.user.pk or 0,
                content_type=ContentType.objects.get_for_model(row),
                object_id=str(row.pk),
                object_repr=str(row)[:200],
                action_flag=DELETION,
                change_message=json.dumps([{VALUES: _of_deleted(row)}], ensure_ascii=False),
            )
            for row in queryset
        ]
        return LogEntry.objects.bulk_create(entries, batch_size=500)


def _of_deleted(row: models.Model) -> Values:
    fields = [
        field
        for field in row._meta.fields
        if not field.primary_key and not getattr(field, "auto_now", False) and field.name not in SECRET
    ]
    return {field.name: (in_words(getattr(row, field.name)), "") for field in fields}
