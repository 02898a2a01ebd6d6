"""Lists of the admin whose rows can be exported and imported. All rows of a file are imported, or none."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from import_export.admin import ImportExportModelAdmin
from import_export.tmp_storages import BaseStorage
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from challenges.admin.files import CatalogJSON, SpreadsheetCSV, UnreadableFile
from challenges.admin.import_transaction import CatalogChanged
from challenges.admin.imports import SHOWN_ROWS
from challenges.admin.lists import UnlinkedAdmin
from challenges.forms import NormalizedField
from challenges.models import ImportUpload


class _Gone(Exception):
    """The file was imported already, or removed."""


class _Upload(BaseStorage):  # type: ignore[misc]  # import-export ships no types
    """The storage of an uploaded file for the library. It reads the file from the database. ``ExchangeAdmin`` stores it
    there if its preview has shown no error."""

    content: bytes | None = None

    def save(self, data: bytes) -> None:
        self.name, self.content = str(uuid.uuid4()), data

    def read(self) -> bytes:
        if self.content is not None:
            return self.content
        kept = _find(self.name)
        if kept is None:
            raise _Gone
        return bytes(kept.content)

    def remove(self) -> None:
        """The transaction that writes the rows removes it."""


def _find(name: str) -> ImportUpload | None:
    try:
        return ImportUpload.objects.filter(pk=uuid.UUID(name)).first()
    except ValueError:
        return None


class ExchangeAdmin(UnlinkedAdmin, ImportExportModelAdmin):  # type: ignore[misc]  # import-export ships no types
    """An export needs the permission to view; an import needs the permissions to add and to change. By default the
    library allows both to every staff user."""

    import_form_class = ImportForm
    export_form_class = ExportForm
    tmp_storage_class = _Upload
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

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        if not isinstance(e, UnreadableFile):
            raise e
        form.add_error("import_file", str(e))

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form, or the preview of a file. A file without errors is kept until it is confirmed."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        seen = self._state()
        response: TemplateResponse = super().import_action(request, **kwargs)
        context = response.context_data or {}
        if "confirm_form" in context:
            file = context["form"].cleaned_data["import_file"]
            file.seek(0)
            kept = ImportUpload.keep(kind=self.opts.label, content=file.read(), seen=seen)
            context["confirm_form"].initial["import_file_name"] = str(kept.pk)
        if result := context.get("result"):
            context["hidden_rows"] = max(0, len(result.rows) - SHOWN_ROWS, len(result.invalid_rows) - SHOWN_ROWS)
            result.rows, result.invalid_rows = result.rows[:SHOWN_ROWS], result.invalid_rows[:SHOWN_ROWS]
        return response

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().process_import(request, **kwargs)
        except _Gone:
            return self._again(request, _("This file was already imported, or is gone. Choose it again."))
        except CatalogChanged:
            return self._again(request, self._changed())
        return response

    def process_dataset(self, dataset: Any, form: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Imports what was previewed, under the state of the tables that was previewed. Raises CatalogChanged."""
        kept = _find(form.cleaned_data["import_file_name"])
        if kept is None or kept.kind != self.opts.label:
            raise _Gone
        if kept.seen != self._state():
            kept.delete()
            raise CatalogChanged

        def claim() -> None:
            if not ImportUpload.objects.filter(pk=kept.pk).delete()[0]:
                raise _Gone

        return super().process_dataset(dataset, form, request, claim=claim, **kwargs)

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        if result.has_errors() or result.has_validation_errors():
            return self._again(request, self._changed())
        response: HttpResponse = super().process_result(result, request)
        return response

    def generate_log_entries(self, result: Any, request: HttpRequest) -> None:
        """The transaction that writes the rows logs them."""

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("claim", None)
        return dict(super().get_import_resource_kwargs(request, **kwargs))

    def _state(self) -> str:
        return str(self.resource_classes[0].state())

    def _changed(self) -> str:
        return _("Nothing was imported: the catalogue changed after the preview. Choose the file again.")

    def _again(self, request: HttpRequest, message: str) -> HttpResponse:
        messages.error(request, message)
        return redirect(reverse("admin:{}_{}_import".format(*self.get_model_info())))
