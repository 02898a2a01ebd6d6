"""Compares two texts word by word. Korean particles belong to their word; punctuation is separate."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diff_match_patch import diff_match_patch

_WORD = re.compile(r"\{\{[^{}]*\}\}|\w+|\n|[^\S\n]+|[^\w\s]")
_FIRST_SYMBOL = 0xE000  # the private use area; after its end, planes 15 and 16
_PRIVATE = 0xF8FF - 0xE000 + 1
_NEAR = 60


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of text: ``equal`` is in both texts, ``insert`` only in the new one, ``delete`` only in the old one.

    ``gap`` replaces equal text that is left out.
    """

    kind: Literal["equal", "insert", "delete", "gap"]
    text: str


def differences(old: str, new: str) -> list[Change]:
    """The changes from ``old`` to ``new``. The equal and inserted pieces, joined, are ``new``.

    diff-match-patch runs Myers' algorithm over words. After half a second it accepts a difference that is not the
    shortest.
    """
    vocabulary: dict[str, str] = {}
    engine = diff_match_patch()
    engine.Diff_Timeout = 0.5
    found = engine.diff_main(_symbols(old, vocabulary), _symbols(new, vocabulary), False)
    engine.diff_cleanupSemantic(found)
    words = {symbol: word for word, symbol in vocabulary.items()}
    kinds: dict[int, Literal["equal", "insert", "delete"]] = {0: "equal", 1: "insert", -1: "delete"}
    return [Change(kinds[kind], "".join(words[symbol] for symbol in text)) for kind, text in found]


def _symbols(text: str, vocabulary: dict[str, str]) -> str:
    """``text`` with one character in place of each word. Equal words get the same character."""
    return "".join(vocabulary.setdefault(word, _symbol(len(vocabulary))) for word in _WORD.findall(text))


def _symbol(number: int) -> str:
    return chr(_FIRST_SYMBOL + number if number < _PRIVATE else 0xF0000 + number - _PRIVATE)


def excerpt(changes: list[Change]) -> Iterator[Change]:
    """The changes with at most 60 characters of equal text on either side of each. A ``gap`` replaces longer text.

    If nothing changed, the result is one gap.
    """
    for index, change in enumerate(changes):
        if change.kind != "equal":
            yield change
            continue
        head = change.text[:_NEAR] if index > 0 else ""
        tail = change.text[-_NEAR:] if index < len(changes) - 1 else ""
        if len(change.text) <= len(head) + len(tail):
            yield change
        else:
            runs = [Change("equal", head), Change("gap", ""), Change("equal", tail)]
            yield from (run for run in runs if run.text or run.kind == "gap")
