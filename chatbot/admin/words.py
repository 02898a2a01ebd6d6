"""The word lists in the admin, with a form to try a message."""

from copy import deepcopy
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from challenges.admin.exchange import ExchangeAdmin
from challenges.admin.imports import CatalogResource
from challenges.admin.lists import column, rows_with
from challenges.catalog import options
from chatbot.admin.columns import choice_badge
from chatbot.admin.trying import TryForm, trying_view
from chatbot.admin.word_warnings import too_common, warnings
from chatbot.models import ListedWord, WordKind
from chatbot.models.knowledge import by_spelling, spelling


class ListedWordResource(CatalogResource):
    key = "word"

    class Meta:
        model = ListedWord
        import_id_fields = ("word",)
        fields = ("word", "kind", "note")

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        super().before_import(dataset, **kwargs)
        self._listed = by_spelling()

    def validate_instance(self, instance: ListedWord, *args: Any, **kwargs: Any) -> None:
        instance.listed = self._listed
        super().validate_instance(instance, *args, **kwargs)
        if instance.pk is None and (reasons := too_common(instance.word, instance.kind)):
            raise ValidationError({"word": [*reasons, _("Add it in the form if it is meant.")]})

    def after_save_instance(self, instance: ListedWord, row: Any, **kwargs: Any) -> None:
        self._listed[spelling(instance.word)] = instance


WARNED = "warned"
"""The hidden input with the word and the kind of which the form has warned."""


class ListedWordForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Warns once of a word that would refuse people who say nothing wrong. Saving it again lists it."""

    editor: Any = None  # the person who saves it (LockedForm)
    warned = forms.CharField(required=False, widget=forms.HiddenInput())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        word, kind = self.cleaned_data.get("word"), self.cleaned_data.get("kind")
        about = f"{kind}:{word}"
        if not word or not kind or not {"word", "kind"} & set(self.changed_data) or cleaned.get(WARNED) == about:
            return cleaned
        reasons = warnings(word, kind, quote=self.editor is not None and self.editor.has_perm("chatbot.view_turn"))
        if reasons:
            again = _("Save again if it is meant all the same.")
            self.add_error(None, ValidationError([*reasons, again], code="warned"))
            data: Any = deepcopy(self.data)  # of a request: a copy that may change
            data[WARNED] = about
            self.data = data
        return cleaned


@admin.register(ListedWord)
class ListedWordAdmin(ExchangeAdmin):
    form = ListedWordForm
    resource_classes = (ListedWordResource,)
    import_help = _(
        "A row changes the entry with its word; a new word makes a new entry. The kinds are abuse, self_harm, "
        "emergency, violence and fine. Either all rows are imported, or none."
    )
    list_before_template = "admin/chatbot/trying.html"
    list_display = ("word", "kind_name", "note")
    list_filter = (("kind", ChoicesDropdownFilter),)
    list_per_page = 100
    search_fields = ("word",)  # shows the search field; what is searched is in get_search_results
    search_help_text = _("Word or note")
    fieldsets = (
        (
            None,
            {
                "fields": ("word", "kind", "note"),
                "description": _(
                    "It counts from the next message on. A Korean word is found where a word begins, whatever spaces, "
                    "digits or signs stand in it; a Latin one where it stands alone; phrases of danger in other forms "
                    "of their verbs too. Exceptions are taken out of a message first."
                ),
            },
        ),
    )

    kind_name = column(_("kind"), lambda row: choice_badge(WordKind(row.kind)), ordering="kind")

    def get_urls(self) -> list[URLPattern]:
        return [path("try/", trying_view(self), name="chatbot_listedword_try"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        extra = {**(extra_context or {}), "trying": TryForm(options.get())}
        response: TemplateResponse = super().changelist_view(request, extra)
        return response

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ListedWord], search_term: str
    ) -> tuple[QuerySet[ListedWord], bool]:
        """Compares words in the same way as the check for duplicates."""
        return rows_with(spelling(search_term), queryset, lambda row: map(spelling, (row.word, row.note))), False
