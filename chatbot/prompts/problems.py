"""What keeps a prompt's texts from being used: unknown and missing variables, braces without a partner, and so on.

The time of all patterns here grows linearly with the text: no part of a pattern can match in two ways.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chatbot.prompts.contracts import TemplateContract

MARKER = re.compile(r"\{\{([^{}]*)\}\}")
"""A variable in a text."""

_BRACES = re.compile(r"\{\{[^{}]*\}\}|\{(?=\{\{[^{}]*\}\})|\{\{|\}\}|[{}]")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0"
    "\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufffd-\uffff\U000e0000-\U000e007f]"
)

_OPENING = re.compile(r"(\$\{{1,3}|\{{1,4}|｛{1,3}|\[\[|%\(|<%|\$)\s{0,2}\Z")
_CLOSING = re.compile(r"\s{0,2}(?:\}{1,4}|｝{1,3}|\]\]|\)s|%>)")
"""The brackets of a variable, also those of other template languages."""

SHOWN_NAME = 60
"""How many characters of an unknown name a problem shows."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason why a text cannot be used.

    ``code`` is ``unknown``, ``missing``, ``unbalanced``, ``brackets``, ``invisible``, ``blank``, ``too_long``,
    ``model`` or ``bounds``. ``name`` is the variable or setting. ``field`` is where the problem is (``system_text``,
    ``user_text``, ``model``, …; "" if it concerns both texts). ``start`` and ``end`` are its place in that field, in
    characters.
    """

    code: str
    name: str = ""
    field: str = ""
    start: int = 0
    end: int = 0


_DESCRIPTIONS = {
    "blank": "its user text is blank",
    "too_long": "it is too long",
    "unknown": "it uses the unknown variable {{{{{name}}}}}",
    "missing": "it lacks {{{{{name}}}}}",
    "unbalanced": "its double braces {name} have no partner",
    "brackets": "it has {name}, which is no variable: that is written with two braces on each side",
    "invisible": "it holds the invisible character {name}",
    "model": "its model {name} is not among the configured ones (LEAFRESH_CHAT_MODELS)",
    "bounds": "its {field} is not within {name}",
}


def describe(problem: Problem) -> str:
    """The problem as text for an operator, to be written after "the prompt: "."""
    description = _DESCRIPTIONS.get(problem.code, "{code} {name}")
    return description.format(code=problem.code, name=problem.name, field=problem.field).strip()


def check(contract: TemplateContract, *, system_text: str, user_text: str) -> Iterator[Problem]:
    """All reasons why the two texts cannot be used under the contract."""
    texts = {"system_text": system_text, "user_text": user_text}
    if not user_text.strip():
        yield Problem("blank", field="user_text")
    length = len(system_text) + len(user_text)
    if length > contract.max_length:
        yield Problem("too_long", str(length))
    for field, text in texts.items():
        yield from _unbalanced(field, text)
        yield from _wrong_brackets(field, text, contract)
        for found in _INVISIBLE.finditer(text):
            yield Problem("invisible", f"U+{ord(found[0]):04X}", field, found.start(), found.end())
    used = set()
    for field, text in texts.items():
        for marker in MARKER.finditer(text):
            name = marker[1].strip()
            used.add(name)
            if name not in contract.names:
                yield Problem("unknown", name[:SHOWN_NAME], field, marker.start(), marker.end())
    for variable in contract.variables:
        if variable.required and variable.name not in used:
            yield Problem("missing", variable.name)


def _wrong_brackets(field: str, text: str, contract: TemplateContract) -> Iterator[Problem]:
    """Variables in other brackets than two braces on each side: they would reach the model as they are."""
    names = "|".join(map(re.escape, sorted(contract.names, key=len, reverse=True)))
    if not names:
        return
    for found in re.finditer(rf"(?<![A-Za-z0-9_])(?:{names})(?![A-Za-z0-9_])", text):
        opening = _OPENING.search(text[max(0, found.start() - 8) : found.start()])
        closing = _CLOSING.match(text[found.end() : found.end() + 8])
        if opening is None or opening[1] in {"{{", "{{{{"} or (closing is None and opening[1] != "$"):
            continue
        if opening[1] == "{" and closing is not None and "}}" in closing[0]:
            continue  # its closing braces have no partner
        start = found.start() - len(opening[0])
        end = found.end() + (len(closing[0]) if closing else 0)
        yield Problem("brackets", text[start:end][:SHOWN_NAME], field, start, end)


def _unbalanced(field: str, text: str) -> Iterator[Problem]:
    """Finds double braces that do not belong to a variable. Two closing braces are allowed if JSON opened two."""
    depth = 0
    for found in _BRACES.finditer(text):
        braces = found[0]
        if braces == "{":
            depth += 1
        elif braces == "}":
            depth = max(depth - 1, 0)
        elif braces == "{{" or (braces == "}}" and depth < 2):
            yield Problem("unbalanced", braces, field, found.start(), found.end())
            depth = 0
        elif braces == "}}":
            depth -= 2
