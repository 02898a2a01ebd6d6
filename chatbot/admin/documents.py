"""Knowledge documents in the admin."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter

from challenges.admin.exchange import ExchangeAdmin
from challenges.admin.imports import CatalogResource
from challenges.admin.lists import column, link
from challenges.forms import CountedTextarea, NormalizedField
from chatbot.admin.columns import web_address
from chatbot.models import KnowledgeDocument
from chatbot.models.knowledge import TEXT_LENGTH


class LinesField(NormalizedField):
    """A text of several lines. Browsers send a line end as two characters. It is counted and stored as one."""

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return text if text is None else text.replace("\r\n", "\n")


class KnowledgeDocumentResource(CatalogResource):
    key = "title"

    class Meta:
        model = KnowledgeDocument
        import_id_fields = ("title",)
        fields = ("title", "category", "text", "link", "active")

    def get_queryset(self) -> QuerySet[KnowledgeDocument]:
        return KnowledgeDocument.objects.select_related("category")


def _source(document: KnowledgeDocument) -> SafeString | str:
    """A link that shows the host of its address; a dash for an unsafe address."""
    address = web_address(document.link)
    host = address.partition("//")[2].partition("/")[0]
    return link(address, host or address, new_tab=True) if address else "–"


@admin.register(KnowledgeDocument)
class KnowledgeDocumentAdmin(ExchangeAdmin):
    formfield_overrides = {
        **ExchangeAdmin.formfield_overrides,
        models.TextField: {"form_class": LinesField, "widget": CountedTextarea(limit=TEXT_LENGTH, rows=20)},
        models.URLField: {"form_class": partial(forms.URLField, assume_scheme="https")},
    }
    resource_classes = (KnowledgeDocumentResource,)
    import_help = _(
        "A row changes the document with its title; a new title makes a new document. "
        "Either all rows are imported, or none."
    )
    list_display = ("title", "category_name", "length", "source", "active", "updated_at")
    list_filter = (("category", RelatedDropdownFilter), ("active", BooleanRadioFilter))
    list_select_related = ("category",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("title", "text")
    search_help_text = _("Title or text")
    fieldsets = (
        (
            None,
            {
                "fields": ("title", "category", "text", "link", "active"),
                "description": _(
                    "A saved document is found within a second or so. When a message asks about it, the paragraph that "
                    "fits best is put into the prompt as {{context}}, so let each paragraph make sense by itself; a "
                    "blank line ends it. Without a category a document serves them all."
                ),
            },
        ),
    )

    category_name = column(_("category"), lambda row: str(row.category or "–"), ordering="category__order")
    length = column(_("length"), lambda row: f"{len(row.text):,}")
    source = column(_("source link"), _source, ordering="link")
