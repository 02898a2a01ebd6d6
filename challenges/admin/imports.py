"""Importing rows of a file: all are validated first, then all are written.

The library saves each row to validate the next, and takes that back. On SQLite this would hold the only write lock for
as long as it takes.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from import_export import fields, resources, results, widgets

from challenges import revisions
from challenges.admin.import_transaction import AcceptedRow, write_rows
from challenges.admin.widgets import (
    SEPARATOR,
    NumberWidget,
    OptionsWidget,
    OptionWidget,
    SwitchWidget,
    TextWidget,
    WordsWidget,
    cell_text,
)
from challenges.text import lookup_name


class ImportResult(results.Result):  # type: ignore[misc]  # import-export ships no types
    """The library counts only the rows that it lists when it numbers those with errors."""

    def row_errors(self) -> list[tuple[int, list[Any]]]:
        return [(row.number, row.errors) for row in self.error_rows]


SHOWN_ROWS = 200
"""Rows of a preview that are shown."""

_SHOWN_CHARACTERS = 200


def _difference(before: str, after: str) -> SafeString:
    old, new = (Truncator(text).chars(_SHOWN_CHARACTERS) for text in (before, after))
    if before == after:
        return format_html("{}", new)
    return format_html("{} {}", format_html("<del>{}</del>", old) if old else "", format_html("<ins>{}</ins>", new))


class CatalogResource(resources.ModelResource):  # type: ignore[misc]  # import-export ships no types
    """The common base of all resources. Refuses a row that the form would refuse, or that is in the file twice.

    The library saves each row to validate the next, and takes that back. On SQLite this would hold the only write lock
    for as long as it takes. Here all rows are validated in memory first, without a transaction. Then one transaction
    writes them, if nothing they were compared with has changed since.
    """

    key: str = "title"
    """The column that finds a row that is there."""

    class Meta:
        skip_unchanged = True
        report_skipped = False
        store_instance = True
        skip_diff = True  # the library would copy each row, and ask the database for what belongs to the copy

    @classmethod
    def field_from_django_field(cls, field_name: str, django_field: Any, readonly: bool) -> fields.Field:
        """The column of a model's field. An empty cell leaves a number or a switch as it is."""
        match django_field:
            case models.ForeignKey():
                widget: widgets.Widget = OptionWidget(django_field.related_model)
            case models.ManyToManyField():
                widget = OptionsWidget(django_field.related_model)
            case models.JSONField():
                widget = WordsWidget()
            case models.BooleanField():
                widget = SwitchWidget()
            case models.IntegerField():
                widget = NumberWidget()
            case _:
                widget = TextWidget()
        keeps = isinstance(widget, SwitchWidget | NumberWidget)
        readonly = django_field.primary_key
        return fields.Field(field_name, field_name, widget, readonly=readonly, saves_null_values=not keeps)

    @classmethod
    def get_display_name(cls) -> str:
        return str(cls._meta.model._meta.verbose_name_plural)

    @classmethod
    def compared_models(cls) -> list[type[models.Model]]:
        """The row's model, and those whose rows its columns name."""
        model: type[models.Model] = cls._meta.model
        related = [field.related_model for field in model._meta.get_fields() if field.name in cls.fields]
        return [model, *(each for each in related if isinstance(each, type))]

    @classmethod
    def state(cls, *, lock: bool = False) -> str:
        """What changes with any row that an import compares its own with."""
        return revisions.state_of(*cls.compared_models(), lock=lock)

    def get_result_class(self) -> type[ImportResult]:
        return ImportResult

    def import_data(
        self,
        dataset: Any,
        dry_run: bool = False,
        *,
        user: Any,
        claim: Callable[[], None] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Validates all rows; writes and logs them unless it is a dry run or one is wrong.

        ``user`` is the author in the admin's log. ``claim`` runs in the transaction that writes. Raises CatalogChanged.
        """
        state = self.state()
        kwargs.pop("rollback_on_validation_errors", None)
        try:
            dataset.headers = self._known_columns(dataset.headers or [])
        except ValueError as error:
            refused = self.get_result_class()()
            refused.append_base_error(self.get_error_result_class()(error))
            return refused
        options = {"raise_errors": False, "using_transactions": False, "collect_failed_rows": False, **kwargs}
        result = self.import_data_inner(dataset, True, **options)
        for row in (*result.invalid_rows, *result.error_rows):
            row.number = self._number(row.number)
        if not dry_run and not result.has_errors() and not result.has_validation_errors():
            write_rows(self._accepted, self.compared_models(), seen=state, claim=claim, user=user)
        return result

    def _number(self, position: int) -> int:
        """The place of a row in the file, as a spreadsheet counts."""
        return self._numbers[position - 1] if position <= len(self._numbers) else position

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self._numbers = list(getattr(dataset, "numbers", range(1, len(dataset) + 1)))
        self._accepted: list[AcceptedRow] = []
        self._first_rows: dict[int, int] = {}
        self._shown = 0
        self._load(dataset)

    def _known_columns(self, headers: Sequence[Any]) -> list[str]:
        """The headers as columns, which may be called as in the forms. Raises ValueError."""
        columns = [field.column_name for field in self.get_import_fields()]
        labels = {lookup_name(str(self._meta.model._meta.get_field(name).verbose_name)): name for name in columns}
        found = [
            name if name in columns else labels.get(lookup_name(str(name).replace("_", "")), str(name))
            for name in headers
        ]
        unknown = [name for name in found if name not in columns]
        if unknown:
            raise ValueError(
                _("Unknown columns: %(unknown)s. Known are: %(known)s.")
                % {"unknown": ", ".join(unknown), "known": ", ".join(columns)}
            )
        return found

    def _load(self, dataset: Any) -> None:
        """Reads what the rows are compared with: the rows that the file names, the values that no other may have."""
        model = self._meta.model
        unique = [field.name for field in model._meta.fields if field.unique and not field.primary_key]
        taken = list(model._default_manager.values_list("pk", *unique))
        self._taken = {name: {row[place]: row[0] for row in taken} for place, name in enumerate(unique, 1)}
        self._by_key: dict[Any, models.Model] = {}
        if self.key in (dataset.headers or []):
            keys = {self.fields[self.key].clean({self.key: value}) for value in dataset[self.key]}
            self._by_key = {getattr(row, self.key): row for row in self._rows_with(self.key, keys)}

    def _rows_with(self, name: str, values: Collection[Any]) -> Iterator[models.Model]:
        values = list(values)
        for start in range(0, len(values), 500):
            yield from self.get_queryset().filter(**{f"{name}__in": values[start : start + 500]})

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        return self._by_key.get(self.fields[self.key].clean(row)) if self.key in row else None

    def after_init_instance(self, instance: models.Model, new: bool, row: Any, **kwargs: Any) -> None:
        first = None if new else self._first_rows.get(id(instance))
        if first is not None:
            raise ValidationError(_("Row %(number)s of the file is about the same entry.") % {"number": first})
        self._row = row
        self._before = {name: getattr(instance, name) for name in self._taken}
        self._cells_before = [] if new else [cell_text(field.export(instance)) for field in self.get_import_fields()]

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not import_validation_errors and self._cells_before == self._cells_after(instance)

    def _cells_after(self, instance: models.Model) -> list[str]:
        return [self._written(field, instance) for field in self.get_import_fields()]

    def _written(self, field: fields.Field, instance: models.Model) -> str:
        """The field's cell after the row was written."""
        if isinstance(field.widget, OptionsWidget) and field.column_name in self._row:
            return SEPARATOR.join(option.key for option in field.widget.clean(self._row[field.column_name]))
        return cell_text(field.export(instance))

    def _several(self, row: Mapping[str, Any]) -> dict[str, list[Any]]:
        """By field that takes several options: those that the file's row names."""
        return {
            name: field.widget.clean(row[name])
            for name, field in self.fields.items()
            if isinstance(field.widget, OptionsWidget) and name in row
        }

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        instance, before = row_result.instance, self._before[self.key]
        self._first_rows[id(instance)] = self._number(kwargs["row_number"])
        if before != getattr(instance, self.key) and self._by_key.get(before) is instance:
            del self._by_key[before]
        self._by_key[getattr(instance, self.key)] = instance
        if row_result.import_type == row_result.IMPORT_TYPE_SKIP:
            return
        after = self._cells_after(instance)
        pairs = list(zip(self._cells_before or [""] * len(after), after, strict=True))
        names = [field.column_name for field in self.get_import_fields()]
        values = {name: pair for name, pair in zip(names, pairs, strict=True) if pair[0] != pair[1]}
        is_new = row_result.import_type == row_result.IMPORT_TYPE_NEW
        self._accepted.append(AcceptedRow(instance, is_new, self._several(row), values))
        if self._shown < SHOWN_ROWS:
            self._shown += 1
            row_result.diff = [_difference(*pair) for pair in pairs]

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, *_: Any, **__: Any) -> None:
        """As ``full_clean`` of the model, but options were found already, and what is unique is known without asking
        the database."""
        errors = dict(import_validation_errors or {})
        relations = [field.name for field in instance._meta.fields if field.is_relation]
        empty = {
            field.name: [field.error_messages["null"]]
            for field in instance._meta.fields
            if field.is_relation and not field.null and getattr(instance, field.attname) is None
        }
        errors |= {name: error for name, error in empty.items() if name not in errors}
        for check in (partial(instance.clean_fields, exclude={*errors, *relations}), instance.clean):
            try:
                check()
            except ValidationError as error:
                errors = error.update_error_dict(errors)
        for name, taken in self._taken.items():
            owner = taken.get(getattr(instance, name))
            if name not in errors and owner is not None and owner not in (instance.pk, id(instance)):
                errors[name] = [instance.unique_error_message(type(instance), (name,))]
        if errors:
            raise ValidationError(errors)

    def save_instance(self, instance: Any, is_create: bool, row: Any, **kwargs: Any) -> None:
        """Records the values that no later row may have. The row is written with all the others."""
        owner = id(instance) if instance.pk is None else instance.pk
        for name, taken in self._taken.items():
            if taken.get(self._before[name]) == owner:
                del taken[self._before[name]]
            taken[getattr(instance, name)] = owner
        self.after_save_instance(instance, row, **kwargs)

    def save_m2m(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Written with all the others."""
