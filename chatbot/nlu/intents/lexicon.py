"""The words and patterns of ``lexicon.toml``, compiled once."""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.nlu.facets import FACETS
from chatbot.nlu.intents.patterns import Patterns

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Lexicon:
    """``patterns["back.patterns"]`` are the table ``back``'s ``patterns``; ``words["eco.words"]`` a set of words.
    ``facets`` are the patterns of each facet by its key."""

    patterns: Mapping[str, Patterns]
    words: Mapping[str, frozenset[str]]
    facets: Mapping[str, Patterns]
    spelling: Mapping[str, str]


@functools.cache
def lexicon() -> Lexicon:
    """The lexicon of this process."""
    tables: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
    sets: dict[str, str] = tables.pop("sets")
    spelling = tables.pop("spelling")
    patterns: dict[str, Patterns] = {}
    words: dict[str, frozenset[str]] = {}
    for table, entries in tables.items():
        for name, value in entries.items():
            if isinstance(value, str):
                patterns[f"{table}.{name}"] = Patterns([value], sets)
                words[f"{table}.{name}"] = frozenset(entry.partition("/")[0] for entry in value.split("|"))
            else:
                patterns[f"{table}.{name}"] = Patterns(value, sets)
    facets = {key: Patterns(facet.patterns, sets) for key, facet in FACETS.items()}
    return Lexicon(patterns, words, facets, spelling)
