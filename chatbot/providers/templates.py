"""The sentences of the embedded answer source: patterns from ``templates.toml``, filled in with the right particles."""

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from challenges.text import particle

WORDING = Path(__file__).parent / "templates.toml"

_PLACE = re.compile(r"\{(\w+)(?::([^}]+))?\}")


def patterns(*path: str) -> list[str]:
    """The patterns at a place of ``templates.toml``; none when there is no such place."""
    found: Any = _wording()
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return list(found) if isinstance(found, list) else []


def say(choices: Sequence[str], values: Mapping[str, str], chance: random.Random, said: Sequence[str] = ()) -> str:
    """One of the patterns with its values put in, none that was ``said`` before while there are others."""
    sentences = [fill(pattern, values) for pattern in choices]
    return chance.choice([sentence for sentence in sentences if sentence not in said] or sentences)


def fill(pattern: str, values: Mapping[str, str]) -> str:
    """``{name}`` becomes the value, ``{name:은/는}`` the particle alone that suits the value's last sound."""

    def value(place: re.Match[str]) -> str:
        text = values.get(place[1], "")
        return particle(text, place[2]) if place[2] else text

    return _PLACE.sub(value, pattern)


@cache
def _wording() -> dict[str, Any]:
    return tomllib.loads(WORDING.read_text("utf-8"))
