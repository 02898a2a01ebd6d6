"""The telephone numbers for people in danger, as the operator set them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

_NUMBER = re.compile(r"\+?\d[\d-]{1,14}\d")

_KNOWN = {"119": "소방·구급", "112": "경찰", "109": "자살예방 상담전화", "1366": "여성긴급전화"}
"""Names for numbers whose setting has none."""


@dataclass(frozen=True, slots=True)
class HelpLine:
    """``text`` is the setting, ``number`` what a person dials ("" when the setting has none), ``name`` who answers."""

    text: str
    number: str
    name: str


def help_line(text: str) -> HelpLine:
    """The line in a setting such as "자살예방 상담전화 109"."""
    found = _NUMBER.search(text)
    number = found[0] if found else ""
    name = " ".join(text.replace(number, " ").split()) if number else text
    return HelpLine(text, number, name or _KNOWN.get(number, number))


def values() -> Mapping[str, str]:
    """The values for sentences of help: each line's text, and its number under ``…_number``."""
    lines = _lines()
    return {name: line.text for name, line in lines.items()} | {
        f"{name}_number": line.number or line.text for name, line in lines.items()
    }


def lines_in(sentence: str) -> tuple[Mapping[str, str], ...]:
    """The lines whose numbers are in the sentence, each once, in its order: ``{"name", "number"}``."""
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
