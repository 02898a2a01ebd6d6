"""Signs of abuse that hold for many wordings (``signs.toml``): the lists of words stay short."""

import functools
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.nlu.morphemes import Morpheme
from chatbot.nlu.patterns import Patterns, Span

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Sign:
    """``patterns`` tell, unless the message also holds one that does ``not``; ``spellings`` tell by letters."""

    patterns: Patterns
    unless: Patterns
    spellings: re.Pattern[str] | None

    def find(self, morphemes: Sequence[Morpheme], text: str) -> str | None:
        """What tells in ``text``, whose morphemes these are."""
        spelt = self.spellings.search(text) if self.spellings is not None else None
        if spelt is not None:
            return spelt[0]
        found = self.patterns.first(morphemes)
        if found is None or self.unless.first(morphemes) is not None:
            return None
        return _surface(found, morphemes, text)


@dataclass(frozen=True)
class Signs:
    """The signs of each kind."""

    abuse: Sign
    curse: Sign
    """Words that curse wherever they stand."""
    mention: Sign
    """Speaking of a word, not using it."""


@functools.cache
def signs() -> Signs:
    """The signs of this process."""
    tables: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
    sets: dict[str, str] = tables.pop("sets")
    return Signs(**{kind: _sign(table, sets) for kind, table in tables.items()})


def _sign(table: dict[str, list[str]], sets: dict[str, str]) -> Sign:
    spellings = "|".join(table.get("spellings", ()))
    return Sign(
        Patterns(table.get("patterns", []), sets),
        Patterns(table.get("not", []), sets),
        re.compile(f"(?<![가-힣])(?:{spellings})") if spellings else None,
    )


def _surface(span: Span, morphemes: Sequence[Morpheme], text: str) -> str:
    return text[morphemes[span.start].start : morphemes[span.end - 1].end]
