"""Knowledge documents in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import Field
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from import_export import fields
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter

from challenges.admin.exchange import ExchangeAdmin
from challenges.admin.resources import CatalogueResource, OptionWidget, SwitchWidget, TextWidget
from challenges.forms import CountedTextarea, NormalizedField
from challenges.models import Category
from chatbot.admin.badges import outward_link
from chatbot.models import KnowledgeDocument
from chatbot.models.knowledge import TEXT_LENGTH


class LinesField(NormalizedField):
    """A text of several lines. Browsers send a line end as two characters; it counts, and is kept, as one."""

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return text if text is None else text.replace("\r\n", "\n")


class LinkField(forms.URLField):
    """An address; https is meant where it does not say."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", **kwargs)


class KnowledgeDocumentForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    class Meta:
        model = KnowledgeDocument
        fields = ("title", "category", "text", "link", "active")
        field_classes = {"title": NormalizedField, "text": LinesField, "link": LinkField}
        widgets = {"text": CountedTextarea(limit=TEXT_LENGTH, rows=20)}


class KnowledgeDocumentResource(CatalogueResource):
    title = fields.Field("title", "title", TextWidget())
    category = fields.Field("category", "category", OptionWidget(Category))
    text = fields.Field("text", "text", TextWidget())
    link = fields.Field("link", "link", TextWidget())
    active = fields.Field("active", "active", SwitchWidget(), saves_null_values=False)

    class Meta(CatalogueResource.Meta):
        model = KnowledgeDocument
        name = KnowledgeDocument._meta.verbose_name_plural
        import_id_fields = ("title",)
        fields = ("title", "category", "text", "link", "active")

    def get_queryset(self) -> QuerySet[KnowledgeDocument]:
        return KnowledgeDocument.objects.select_related("category")


@admin.register(KnowledgeDocument)
class KnowledgeDocumentAdmin(ExchangeAdmin):
    form = KnowledgeDocumentForm
    resource_classes = (KnowledgeDocumentResource,)
    import_help = gettext_lazy(
        "A row changes the document with its title; a new title makes a new document. "
        "Either all rows are imported, or none."
    )
    list_display = ("title", "category_name", "length", "source", "active", "updated_at")
    list_filter = (("category", RelatedDropdownFilter), ("active", BooleanRadioFilter))
    list_filter_submit = True
    list_select_related = ("category",)
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("title", "text")
    search_help_text = gettext_lazy("Title or text")
    warn_unsaved_form = True
    fieldsets = (
        (
            None,
            {
                "fields": ("title", "category", "text", "link", "active"),
                "description": gettext_lazy(
                    "A saved document is found within a second or so. When a message asks about it, the paragraph that "
                    "fits best is put into the prompt as {{context}}, so let each paragraph make sense by itself; a "
                    "blank line ends it. Without a category a document serves them all."
                ),
            },
        ),
    )

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        """Categories are made on their own page, not in a window above this form."""
        field: Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        for link in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, link):
                setattr(field.widget, link, False)
        return field

    @admin.display(description=gettext_lazy("category"), ordering="category__order")
    def category_name(self, document: KnowledgeDocument) -> str:
        return str(document.category or "–")

    @admin.display(description=gettext_lazy("length"))
    def length(self, document: KnowledgeDocument) -> str:
        return f"{len(document.text):,}"

    @admin.display(description=gettext_lazy("source link"), ordering="link")
    def source(self, document: KnowledgeDocument) -> SafeString | str:
        return outward_link(document.link)
