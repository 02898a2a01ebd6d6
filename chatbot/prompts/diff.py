"""Differences between two texts, word by word. Korean particles stay with their word; punctuation stands alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diff_match_patch import diff_match_patch

_WORD = re.compile(r"\{\{[^{}]*\}\}|\w+|\n|[^\S\n]+|[^\w\s]")
_FIRST_SYMBOL = 0xE000  # private use area, and from its end on in plane 15 and 16
_PRIVATE = 0xF8FF - 0xE000 + 1
_NEAR = 60


@dataclass(frozen=True, slots=True)
class Change:
    """A run of text: in both, only in the new one, only in the old one; ``gap`` stands for equal text left out."""

    kind: Literal["equal", "insert", "delete", "gap"]
    text: str


def differences(old: str, new: str) -> list[Change]:
    """What was taken out and put in to get from ``old`` to ``new``; the equal and inserted runs, joined, are ``new``.

    Myers' algorithm over words, by diff-match-patch. It stops looking for the shortest way after half a second.
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
    """``text`` with each word as one character, the same for the same word."""
    return "".join(vocabulary.setdefault(word, _symbol(len(vocabulary))) for word in _WORD.findall(text))


def _symbol(number: int) -> str:
    return chr(_FIRST_SYMBOL + number if number < _PRIVATE else 0xF0000 + number - _PRIVATE)


def excerpt(changes: list[Change]) -> Iterator[Change]:
    """The changes with at most 60 characters of equal text on either side of each; a ``gap`` where more was.
    Of a text without a change only the gap is left."""
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
