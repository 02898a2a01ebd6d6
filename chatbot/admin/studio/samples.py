"""Pinned samples in the admin: the requests of a check, and the expected answers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from challenges.admin.lists import UnlinkedAdmin, column
from challenges.forms import words_field
from chatbot.admin.columns import with_labels
from chatbot.admin.labels import OPTIONS
from chatbot.admin.studio.trials import answers_messages, checked
from chatbot.errors import ApplicationError
from chatbot.models import PromptSample, PromptTemplate
from chatbot.prompts.contracts import TEMPLATES

_SHOWN_CHARACTERS = 60


class PromptSampleForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """The form of a sample. It shows labels of options, and stores their keys."""

    contains = words_field(PromptSample, "contains")
    excludes = words_field(PromptSample, "excludes")

    class Meta:
        model = PromptSample
        widgets = {"message": UnfoldAdminTextareaWidget(attrs={"rows": 2})}
        fields = (
            *("template", "category", "location", "work_type", "message", "contains", "excludes"),
            *("title_min", "title_max", "names_category", "length_min", "length_max"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in OPTIONS.keys() & self.fields.keys():
            choices = dict(OPTIONS[name]._default_manager.filter(active=True).values_list("key", "label"))
            if kept := getattr(self.instance, name):
                choices.setdefault(kept, kept)
            label = self.fields[name].label
            self.fields[name] = forms.ChoiceField(choices=choices, label=label, widget=UnfoldAdminSelectWidget)

    def clean(self) -> dict[str, Any]:
        """Requires a message if the template answers messages; otherwise removes it."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.keys() >= {"template", "message"}:
            try:
                cleaned["message"] = checked(cleaned["message"]) if answers_messages(cleaned["template"]) else ""
            except ApplicationError as error:
                self.add_error("message", str(error))
        if not self.errors and self._is_there(cleaned):
            self.add_error(None, _("There is such a sample already."))
        return cleaned

    def _is_there(self, cleaned: dict[str, Any]) -> bool:
        """Whether another row says exactly the same, such as the first of two clicks on the button."""
        same = {name: cleaned.get(name) for name in self._meta.fields or () if name in self.fields}
        return PromptSample.objects.filter(**same).exclude(pk=self.instance.pk).exists()


def _expected(sample: PromptSample) -> str:
    parts = [_("titles %(least)d–%(most)d") % {"least": sample.title_min, "most": sample.title_max}]
    if sample.names_category:
        parts.append(str(_("names the category")))
    if sample.length_min is not None or sample.length_max is not None:
        least, most = sample.length_min or 1, "…" if sample.length_max is None else sample.length_max
        parts.append(_("sentence %(least)s–%(most)s") % {"least": least, "most": most})
    if sample.contains:
        parts.append(_("contains “%(words)s”") % {"words": ", ".join(sample.contains)})
    if sample.excludes:
        parts.append(_("does not contain “%(words)s”") % {"words": ", ".join(sample.excludes)})
    return ", ".join(parts)


@admin.register(PromptSample)
class PromptSampleAdmin(UnlinkedAdmin):
    form = PromptSampleForm
    list_display = ("sample", "said", "template", "expectations")
    list_display_links = ("sample",)
    list_select_related = ("template",)
    list_filter = (("template", RelatedDropdownFilter),)
    list_filter_submit = True
    warn_unsaved_form = True
    fieldsets = (
        (None, {"fields": ("template", ("category", "location", "work_type"), "message")}),
        (
            _("Expected of the answer"),
            {
                "fields": (
                    "names_category",
                    "contains",
                    "excludes",
                    ("title_min", "title_max"),
                    ("length_min", "length_max"),
                )
            },
        ),
    )

    sample = column(
        _("sample"),
        lambda row: f"{row.category_label} · {row.location_label} · {row.work_type_label}",
        ordering="category",
    )
    said = column(_("message"), lambda row: Truncator(row.message).chars(_SHOWN_CHARACTERS) or "–")
    expectations = column(_("expected"), _expected)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptSample]:
        return with_labels(super().get_queryset(request))

    @property
    def conditional_fields(self) -> dict[str, str]:
        """Shows the message field for templates that answer messages. The condition is JavaScript."""
        keys = [key for key, contract in TEMPLATES.items() if contract.answers_a_message]
        answering = PromptTemplate.objects.filter(key__in=keys).values_list("pk", flat=True)
        return {"message": f"{[str(pk) for pk in answering]}.includes(String(template))"}
