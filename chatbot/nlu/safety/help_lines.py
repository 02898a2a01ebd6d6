"""The telephone numbers for people in danger, from the settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

_NUMBER = re.compile(r"\+?\d[\d-]{1,14}\d")

_KNOWN = {"119": "소방·구급", "112": "경찰", "109": "자살예방 상담전화", "1366": "여성긴급전화"}
"""The names of known numbers, for settings without a name."""


@dataclass(frozen=True, slots=True)
class HelpLine:
    """A help line. ``text`` is the setting, ``number`` its telephone number ("" if it has none), ``name`` the
    service."""

    text: str
    number: str
    name: str


def help_line(text: str) -> HelpLine:
    """Parses a setting such as "자살예방 상담전화 109"."""
    found = _NUMBER.search(text)
    number = found[0] if found else ""
    name = " ".join(text.replace(number, " ").split()) if number else text
    return HelpLine(text, number, name or _KNOWN.get(number, number))


def values() -> Mapping[str, str]:
    """The values for sentences of help: the text of each line, and its number as ``…_number``."""
    lines = _lines()
    return {name: line.text for name, line in lines.items()} | {
        f"{name}_number": line.number or line.text for name, line in lines.items()
    }


def lines_in(sentence: str) -> tuple[Mapping[str, str], ...]:
    """The lines whose numbers are in the sentence, each once, in their order: ``{"name", "number"}``."""
    names = {line.number: line.name for line in _lines().values() if line.number}
    numbers = dict.fromkeys(_NUMBER.findall(sentence))
    return tuple({"name": names[number], "number": number} for number in numbers if number in names)


def _lines() -> dict[str, HelpLine]:
    return {
        "help": help_line(settings.LEAFRESH_HELP_LINE),
        "emergency": help_line(settings.LEAFRESH_EMERGENCY_LINE),
        "police": help_line(settings.LEAFRESH_POLICE_LINE),
        "violence": help_line(settings.LEAFRESH_VIOLENCE_LINE),
    }
