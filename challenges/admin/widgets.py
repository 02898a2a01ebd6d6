"""The cells of a file: what they mean, and how they are written.

Cells name options by key, label or alias; ``|`` separates several.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from import_export import widgets

from challenges.forms import join_words, split_words
from challenges.models import Option
from challenges.text import lookup_name, nfc, storable

SEPARATOR = "|"


def cell_text(value: Any) -> str:
    return "" if value is None else str(value).strip()


class TextWidget(widgets.CharWidget):  # type: ignore[misc]  # import-export ships no types
    """Text in NFC, as every database takes it."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return nfc(storable(super().clean(value, row, **kwargs)))


class WordsWidget(widgets.Widget):  # type: ignore[misc]  # import-export ships no types
    """A list of words, written as in the forms: with commas between them."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[str]:
        return split_words(cell_text(value))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return join_words(value or [])


class NumberWidget(widgets.IntegerWidget):  # type: ignore[misc]  # import-export ships no types
    """A whole number from zero up; nothing when the cell is empty."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        if self.is_empty(value):
            return None
        text = cell_text(value)
        text = text.removesuffix(".0")  # a spreadsheet made a decimal of it
        if not (text.isascii() and text.isdecimal() and len(text) < 19):
            raise ValueError(_("“%(value)s” is not a whole number.") % {"value": value})
        return int(text)


_SWITCHES = {
    **dict.fromkeys(("1", "1.0", "true", "yes", "y", "o", "on", "예", "네", "참", "활성"), True),
    **dict.fromkeys(("0", "0.0", "false", "no", "n", "x", "off", "아니요", "아니오", "거짓", "비활성"), False),
}
"""What people write in a cell for a yes or a no."""

_SEPARATORS = re.compile(r"[|,，、;\n]")


class SwitchWidget(widgets.BooleanWidget):  # type: ignore[misc]  # import-export ships no types
    """1 or 0; nothing when the cell is empty. The library would take any other word for a no."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool | None:
        word = cell_text(value).lower()
        if word and word not in _SWITCHES:
            raise ValueError(_("“%(value)s” is neither 1 nor 0.") % {"value": value})
        return _SWITCHES.get(word)


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
        text = cell_text(value)
        return self.find(text) if text else None

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.key if value is not None else ""


class OptionsWidget(widgets.ManyToManyWidget):  # type: ignore[misc]  # import-export ships no types
    """Several options, at least one."""

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__(model, separator=SEPARATOR, field="key")
        self._one = OptionWidget(model)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> list[Option]:
        names = [name for name in _SEPARATORS.split(cell_text(value)) if name.strip()]
        if not names:
            raise ValueError(_("At least one is needed."))
        return list(dict.fromkeys(self._one.find(name) for name in names))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return SEPARATOR.join(option.key for option in value.all()) if value is not None else ""
