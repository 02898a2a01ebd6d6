"""Forms, fields and widgets for the catalogue in the admin."""

import re
from typing import Any

from django import forms
from django.db.models import Model
from django.forms.widgets import Widget
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from challenges.models import Category, Challenge, Location
from challenges.text import TITLE_LENGTH, lookup_name, nfc

_COMMA = re.compile(r"[,，、\n]")


def split_words(text: str) -> list[str]:
    """The words between commas or line ends, in their order. Names that ``lookup_name`` treats as equal appear once."""
    words: dict[str, str] = {}
    for word in _COMMA.split(text):
        if word.strip():
            words.setdefault(lookup_name(word), nfc(word))
    return list(words.values())


def join_words(words: list[str]) -> str:
    """The words as one text, from which ``split_words`` reads the same list."""
    return ", ".join(words)


class NormalizedField(forms.CharField):
    """Normalises text to NFC before its length is checked: macOS sends a syllable as two or three characters."""

    def to_python(self, value: Any) -> str | None:
        text = super().to_python(value)
        return text if text is None else nfc(text)


class WordsField(forms.CharField):
    """A list of words, edited as one text that commas separate."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminExpandableTextareaWidget())
        super().__init__(required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return join_words(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return split_words(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != split_words(data or "")


class _Counted(Widget):
    """A widget with a counter of its characters and their limit.

    It has no ``maxlength``: with that, browsers count UTF-16 units, and cut off a syllable while a person types it with
    a Korean keyboard. The counter warns, and the form refuses longer text.
    """

    limit: int
    field_template: str
    """The template of the field without the counter."""

    template_name = "admin/challenges/widgets/counted_text.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        attrs = {key: value for key, value in (attrs or {}).items() if key != "maxlength"}
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["limit"] = self.limit
        context["widget"]["field_template"] = self.field_template
        context["widget"]["attrs"].pop("maxlength", None)
        return context


class CountedTextInput(_Counted, UnfoldAdminTextInputWidget):  # type: ignore[misc]  # unfold ships no types
    field_template = "django/forms/widgets/input.html"

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit


class CountedTextarea(_Counted, UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold ships no types
    field_template = "unfold/widgets/textarea.html"

    def __init__(self, limit: int, *, rows: int) -> None:
        super().__init__({"rows": rows})
        self.limit = limit


def words_field(model: type[Model], name: str) -> WordsField:
    """The form field for a list of words, with the label and the help text of the model's field."""
    field: Any = model._meta.get_field(name)
    return WordsField(label=capfirst(field.verbose_name), help_text=field.help_text)


class OptionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """A location, a work type or a category."""

    aliases = words_field(Location, "aliases")


class CategoryForm(OptionForm):
    keywords = words_field(Category, "keywords")


class ChallengeForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    class Meta:
        model = Challenge
        fields = ("title", "description", "category", "locations", "work_types", "active")
        widgets = {
            "title": CountedTextInput(limit=TITLE_LENGTH),
            "description": UnfoldAdminExpandableTextareaWidget(),
            "locations": UnfoldAdminCheckboxSelectMultipleWidget(),
            "work_types": UnfoldAdminCheckboxSelectMultipleWidget(),
        }
        error_messages = {
            "locations": {"required": _("Choose at least one location.")},
            "work_types": {"required": _("Choose at least one work type.")},
        }
