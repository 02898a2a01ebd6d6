"""The facets that a message can ask for, read from ``facets.toml``: the one place that says all about each."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Facet:
    """How challenges are to differ from those before. ``facets.toml`` explains the fields; it cannot lack ``patterns``,
    ``prompt`` or ``admin``."""

    key: str
    patterns: Sequence[str]
    prompt: str
    admin: Mapping[str, str]
    search: str = ""
    sentences: Sequence[str] = ()
    opposite: str = ""
    turned_by: Literal["", "complaint", "too_much", "nothing"] = ""


FACETS: Mapping[str, Facet] = {
    key: Facet(key, **fields)
    for key, fields in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")).items()
}
