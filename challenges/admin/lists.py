"""Parts that the admin's lists share: columns, links, and import and export as CSV (spreadsheets) or JSON
(programs)."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tablib  # type: ignore[import-untyped]  # tablib ships no types
from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.forms import Field
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from import_export.admin import ImportExportModelAdmin
from import_export.formats import base_formats
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from challenges.forms import NormalizedField


def column(
    description: Any, value: Callable[[Any], object], *, ordering: str | None = None
) -> Callable[[Any, Any], object]:
    """A column of a list, or a field of a page. ``value`` computes its content from the row.

    ``description`` is a lazy translation. The value is computed once for each row, although unfold asks for it several
    times a page.
    """

    def show(_model_admin: Any, row: Any) -> object:
        shown = row.__dict__.setdefault("_shown", {})
        if show not in shown:
            shown[show] = value(row)
        return shown[show]

    return admin.display(description=description, ordering=ordering)(show)


def link(address: str, text: object, *, new_tab: bool = False) -> SafeString:
    target = SafeString(' target="_blank" rel="noopener noreferrer"') if new_tab else ""
    pattern = '<a class="text-primary-600 underline dark:text-primary-500" href="{}"{}>{}</a>'
    return format_html(pattern, address, target, text)


def rows_with(term: str, queryset: QuerySet[Any], texts: Callable[[Any], Iterable[str]]) -> QuerySet[Any]:
    """The rows with a text that contains the term. An empty term returns all rows.

    Python compares the texts, for two reasons: SQLite ignores case for ASCII only, and databases store lists as JSON
    with escapes. There are few rows.
    """
    if not term:
        return queryset
    return queryset.filter(pk__in=[row.pk for row in queryset if any(term in text for text in texts(row))])


_FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")
"""A spreadsheet treats a cell with one of these first characters as a formula (OWASP, “CSV Injection”)."""


class SpreadsheetCSV(base_formats.CSV):  # type: ignore[misc]  # import-export ships no types
    """CSV for Excel: Korean text stays readable, and no cell becomes a formula.

    Files are written in UTF-8 with a byte order mark. They are read in UTF-8 with or without one, or in CP949, the
    encoding of a Korean Excel. A cell that Excel would treat as a formula is written with an apostrophe in front; an
    import removes the apostrophe. (The library's ``IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT`` handles “=” only, and an
    import cannot restore the “=” that it removes.)
    """

    def is_binary(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        try:
            text = in_stream.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = in_stream.decode("cp949")
        return _map_cells(super().create_dataset(text, **kwargs), _unguarded)

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        text: str = _map_cells(dataset, guarded).export("csv", **kwargs)
        return text.encode("utf-8-sig")


class CatalogJSON(base_formats.JSON):  # type: ignore[misc]  # import-export ships no types
    """A list of JSON objects. They are read by key: the library reads them by position and would mix up columns."""

    def create_dataset(self, in_stream: str, **_kwargs: Any) -> tablib.Dataset:
        rows = json.loads(in_stream)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError("a list of objects is needed")
        headers = list(dict.fromkeys(name for row in rows for name in row))
        return tablib.Dataset(*[[row.get(name, "") for name in headers] for row in rows], headers=headers)

    def export_data(self, dataset: tablib.Dataset, **_kwargs: Any) -> str:
        return json.dumps(dataset.dict, ensure_ascii=False, indent=2)


def _map_cells(dataset: tablib.Dataset, change: Callable[[str], str]) -> tablib.Dataset:
    rows = [[change(cell) if isinstance(cell, str) else cell for cell in row] for row in dataset]
    return tablib.Dataset(*rows, headers=dataset.headers)


def guarded(text: str) -> str:
    """``text`` as a cell that no spreadsheet treats as a formula."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA_STARTS) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and guarded(text) != text else text


class UnlinkedAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """A form without the buttons that open a related row in a window: related rows have their own pages."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        field: Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        for switch in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, switch):
                setattr(field.widget, switch, False)
        return field


class ExchangeAdmin(UnlinkedAdmin, ImportExportModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """A list whose rows can be exported and imported. All rows of a file are imported, or none.

    An export needs the permission to view; an import needs the permissions to add and to change. By default the library
    allows both to every staff user.
    """

    import_form_class = ImportForm
    export_form_class = ExportForm
    import_template_name = "admin/challenges/import.html"
    import_help: Any = None  # a lazy translation
    import_formats = export_formats = (SpreadsheetCSV, CatalogJSON)
    warn_unsaved_form = True
    list_filter_submit = True
    formfield_overrides: Mapping[Any, dict[str, Any]] = {models.CharField: {"form_class": NormalizedField}}

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_import_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_import_context_data(**kwargs), "import_help": self.import_help}

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().process_import(request, **kwargs)
        except FileNotFoundError:
            return self._again(request, _("This file was already imported, or is gone. Choose it again."))
        return response

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        if result.has_errors() or result.has_validation_errors():
            return self._again(
                request, _("Nothing was imported: the catalogue changed after the preview. Choose the file again.")
            )
        response: HttpResponse = super().process_result(result, request)
        return response

    def _again(self, request: HttpRequest, message: str) -> HttpResponse:
        messages.error(request, message)
        return redirect(reverse("admin:{}_{}_import".format(*self.get_model_info())))
