"""Imports rows of a file into the catalogue, and exports them.

A row of a challenge changes the challenge with its ``id``, else the one with its title, else it adds a new one. A row
of an option changes the option with its ``key``. Cells name options by key, label or alias; ``|`` separates several. A
column that the file does not have is left unchanged.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets

from challenges.forms import join_words, split_words
from challenges.models import Category, Challenge, Option
from challenges.text import lookup_name, nfc

SEPARATOR = "|"


def _cell_text(value: Any) -> str:
    return "" if value is None else str(value).strip()


class TextWidget(widgets.CharWidget):  # type: ignore[misc]  # import-export ships no types
    """Text in NFC."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return nfc(super().clean(value, row, **kwargs))


class WordsWidget(widgets.Widget):  # type: ignore[misc]  # import-export ships no types
    """A list of words, separated by commas as in the forms."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[str]:
        return split_words(_cell_text(value))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return join_words(value or [])


class NumberWidget(widgets.IntegerWidget):  # type: ignore[misc]  # import-export ships no types
    """A whole number of at least 0; None when the cell is empty."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        if self.is_empty(value):
            return None
        text = _cell_text(value)
        if not (text.isascii() and text.isdecimal()):
            raise ValueError(_("“%(value)s” is not a whole number.") % {"value": value})
        return int(text)


class SwitchWidget(widgets.BooleanWidget):  # type: ignore[misc]  # import-export ships no types
    """1 or 0; None when the cell is empty. The library would read any other word as 0."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool | None:
        word = _cell_text(value).lower()
        if word not in ("", "1", "0", "true", "false"):
            raise ValueError(_("“%(value)s” is neither 1 nor 0.") % {"value": value})
        return None if word == "" else word in ("1", "true")


class OptionWidget(widgets.ForeignKeyWidget):  # type: ignore[misc]  # import-export ships no types
    """One option. Options are read once per import."""

    _known: Mapping[str, Option] | None = None

    def find(self, name: str) -> Option:
        if self._known is None:
            rows = list(self.model._default_manager.all())
            self._known = {text: row for row in rows for text in row.names()}
            self._known = {**self._known, **{lookup_name(row.key): row for row in rows}}
        found = self._known.get(lookup_name(name))
        if found is None:
            keys = ", ".join(dict.fromkeys(row.key for row in self._known.values()))
            raise ValueError(_("“%(name)s” is not known. Known are: %(keys)s.") % {"name": name.strip(), "keys": keys})
        return found

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = _cell_text(value)
        return self.find(text) if text else None

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.key if value is not None else ""


class OptionsWidget(widgets.ManyToManyWidget):  # type: ignore[misc]  # import-export ships no types
    """Several options, at least one."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(model, separator=SEPARATOR, field="key")
        self._one = OptionWidget(model)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[Option]:
        names = [name for name in _cell_text(value).split(SEPARATOR) if name.strip()]
        if not names:
            raise ValueError(_("At least one is needed."))
        return list(dict.fromkeys(self._one.find(name) for name in names))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return SEPARATOR.join(option.key for option in value.all()) if value is not None else ""


class CatalogResource(resources.ModelResource):  # type: ignore[misc]  # import-export ships no types
    """The common base of all resources. Refuses a row that the form would refuse, or that is in the file twice."""

    class Meta:
        skip_unchanged = True
        report_skipped = False
        clean_model_instances = True
        chunk_size = 2000

    @classmethod
    def field_from_django_field(cls, field_name: str, django_field: Any, readonly: bool) -> fields.Field:
        """The column for a model's field. An empty cell does not change a number or a switch."""
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

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        known = [field.column_name for field in self.get_import_fields()]
        unknown = [name for name in dataset.headers or [] if name not in known]
        if unknown:
            raise ValueError(
                _("Unknown columns: %(unknown)s. Known are: %(known)s.")
                % {"unknown": ", ".join(map(str, unknown)), "known": ", ".join(known)}
            )
        self._rows: dict[Any, int] = {}

    def after_init_instance(self, instance: models.Model, new: bool, row: Any, **kwargs: Any) -> None:
        first = None if new else self._rows.get(instance.pk)
        if first is not None:
            raise ValidationError(_("Row %(number)s of the file is about the same entry.") % {"number": first})

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        self._rows[row_result.object_id] = kwargs["row_number"]


class OptionResource(CatalogResource):
    class Meta:
        import_id_fields = ("key",)
        fields: tuple[str, ...] = ("key", "label", "description", "emoji", "aliases", "order", "active")


class CategoryResource(OptionResource):
    class Meta:
        model = Category
        fields = ("key", "label", "description", "emoji", "aliases", "keywords", "order", "active")


class ChallengeResource(CatalogResource):
    class Meta:
        model = Challenge
        fields = ("id", "title", "description", "category", "locations", "work_types", "active")

    def get_queryset(self) -> QuerySet[Challenge]:
        return Challenge.objects.select_related("category").prefetch_related("locations", "work_types")

    def get_instance(self, instance_loader: Any, row: Any) -> Challenge | None:
        """Finds the challenge by id. If the id does not exist here, finds it by title.

        The challenge may have been deleted, or the file may be from another installation.
        """
        try:
            number = self.fields["id"].clean(row) if "id" in row else None
        except ValueError as error:
            raise ValidationError({"id": str(error)}) from None
        found = self.get_queryset().filter(pk=number).first() if number is not None else None
        if found is None and "title" in row:
            found = self.get_queryset().filter(title=self.fields["title"].clean(row)).first()
        return found

    def import_instance(self, instance: Challenge, row: Any, **kwargs: Any) -> None:
        """Reads locations and work types before the row is saved. The library would find their errors afterwards."""
        errors: dict[str, Any] = {}
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        for name in ("locations", "work_types"):
            if name in row or instance.pk is None:
                try:
                    self.fields[name].widget.clean(row.get(name))
                except ValueError as error:
                    errors[name] = [ValidationError(str(error))]
        if errors:
            raise ValidationError(errors)
