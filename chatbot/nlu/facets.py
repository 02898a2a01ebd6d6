"""The facets that a message can request. ``facets.toml`` is the only place that defines them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Facet:
    """A way in which challenges should differ from those before, such as easier.

    ``facets.toml`` explains the fields. ``patterns``, ``prompt`` and ``admin`` are required.
    """

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
