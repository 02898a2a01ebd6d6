"""The columns of the catalogue's files.

A row of a challenge changes the challenge with its ``id``, else the one with its title, else it adds a new one. A row
of an option changes the option with its ``key``. A column that the file does not have is left unchanged.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet

from challenges.admin.imports import CatalogResource
from challenges.admin.widgets import NumberWidget
from challenges.models import Category, Challenge


class OptionResource(CatalogResource):
    key = "key"

    class Meta:
        import_id_fields = ("key",)
        fields: tuple[str, ...] = ("key", "label", "description", "emoji", "aliases", "order", "active")

    def _load(self, dataset: Any) -> None:
        super()._load(dataset)
        self._everything = {row.pk: self._by_key.get(row.key, row) for row in self.get_queryset()}

    def validate_instance(self, instance: Any, *args: Any, **kwargs: Any) -> None:
        instance.others = [row for row in self._everything.values() if row is not instance]
        super().validate_instance(instance, *args, **kwargs)

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        self._everything[instance.pk or id(instance)] = instance


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

    def _load(self, dataset: Any) -> None:
        super()._load(dataset)
        self._by_id: dict[int, models.Model] = {}
        if "id" in (dataset.headers or []):
            numbers = {_whole(value) for value in dataset["id"]} - {None}
            self._by_id = {row.pk: row for row in self._rows_with("pk", numbers)}
        for title, row in list(self._by_key.items()):
            self._by_key[title] = self._by_id.setdefault(row.pk, row)
        for row in self._by_id.values():
            self._by_key.setdefault(getattr(row, self.key), row)

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        """By id; an id that is gone (deleted since, or from another installation) leaves the title to decide."""
        try:
            number = self.fields["id"].clean(row) if "id" in row else None
        except ValueError as error:
            raise ValidationError({"id": str(error)}) from None
        return self._by_id.get(number or 0) or super().get_instance(instance_loader, row)

    def import_instance(self, instance: Challenge, row: Any, **kwargs: Any) -> None:
        """Reads locations and work types too: the library would meet their errors after saving the row."""
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


def _whole(value: Any) -> int | None:
    try:
        return NumberWidget().clean(value)
    except ValueError:
        return None  # the row says what is wrong with it
