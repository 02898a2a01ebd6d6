"""The numbers that people in danger are told: who answers, as the operator set it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings

_NUMBER = re.compile(r"\+?\d[\d-]{1,14}\d")

_KNOWN = {"119": "소방·구급", "112": "경찰", "109": "자살예방 상담전화", "1366": "여성긴급전화"}
"""Who answers at numbers whose setting names nobody."""


@dataclass(frozen=True, slots=True)
class HelpLine:
    """``text`` is the setting, ``number`` what is dialled, ``name`` who answers."""

    text: str
    number: str
    name: str


def help_line(text: str) -> HelpLine:
    """The line that a setting such as "자살예방 상담전화 109" names. Without a number, nothing can be dialled."""
    found = _NUMBER.search(text)
    number = found[0] if found else ""
    name = " ".join(text.replace(number, " ").split()) if number else text
    return HelpLine(text, number, name or _KNOWN.get(number, number))


def values() -> Mapping[str, str]:
    """What the sentences of help put in: the lines, and their numbers alone."""
    lines = _lines()
    return {name: line.text for name, line in lines.items()} | {
        f"{name}_number": line.number or line.text for name, line in lines.items()
    }


def lines_in(sentence: str) -> tuple[Mapping[str, str], ...]:
    """The lines whose numbers the sentence tells, in its order: ``{"name", "number"}``."""
    told = {line.number: line for line in _lines().values() if line.number}
    return tuple({"name": told[number].name, "number": number} for number in _told(sentence) if number in told)


def _told(sentence: str) -> Iterator[str]:
    yield from dict.fromkeys(_NUMBER.findall(sentence))


def _lines() -> dict[str, HelpLine]:
    return {
        "help": help_line(settings.LEAFRESH_HELP_LINE),
        "emergency": help_line(settings.LEAFRESH_EMERGENCY_LINE),
        "police": help_line(settings.LEAFRESH_POLICE_LINE),
        "violence": help_line(settings.LEAFRESH_VIOLENCE_LINE),
    }
