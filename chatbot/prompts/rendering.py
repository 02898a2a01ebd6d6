"""Putting values into a prompt's text: ``{{name}}`` and nothing else, once, as strings.

The text comes from people, so it never reaches a format string or a template engine: no attribute access, no logic,
literal braces of JSON need no escaping, and what a value contains is not looked at again.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chatbot.prompts.contracts import TemplateContract

_MARKER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text cannot be used: ``code`` is unknown, missing, blank, too_long or model; ``name`` says which."""

    code: str
    name: str = ""


def render(text: str, values: Mapping[str, str]) -> str:
    """``text`` with each ``{{name}}`` of ``values`` replaced; a name that is not among them stays as it is."""
    return _MARKER.sub(lambda marker: values.get(marker[1], marker[0]), text)


def check(contract: TemplateContract, *, system_text: str, user_text: str) -> Iterator[Problem]:
    """Everything that keeps the two texts from being used under the contract."""
    if not user_text.strip():
        yield Problem("blank")
    if len(system_text) + len(user_text) > contract.max_length:
        yield Problem("too_long")
    used = {marker[1] for text in (system_text, user_text) for marker in _MARKER.finditer(text)}
    for name in sorted(used - contract.names):
        yield Problem("unknown", name)
    for variable in contract.variables:
        if variable.required and variable.name not in used:
            yield Problem("missing", variable.name)
