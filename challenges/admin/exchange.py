"""Import and export as the catalogue's admin pages offer them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from import_export.admin import ImportExportModelAdmin
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from challenges.admin.formats import CatalogueJSON, SpreadsheetCSV


class ExchangeAdmin(ModelAdmin, ImportExportModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """All rows of a file are imported, or none.

    Exporting needs the permission to view, importing those to add and to change: the library would let every staff
    user do both.
    """

    import_form_class = ImportForm
    export_form_class = ExportForm
    import_template_name = "admin/challenges/import.html"
    import_help: Any = None  # a lazy translation
    import_formats = export_formats = (SpreadsheetCSV, CatalogueJSON)

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
