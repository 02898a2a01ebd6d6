"""Functions that read the files in deploy/."""

import re
from pathlib import Path
from typing import Any

import yaml

from leafresh.variables import env

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

BEHIND_SECONDS = 15
"""The maximum time that a server needs to end after ``LEAFRESH_DRAIN_SECONDS``."""


def document(path: Path) -> Any:
    """The one document of a YAML file."""
    return yaml.safe_load(path.read_text("utf-8"))


def setting_names() -> set[str]:
    """Every setting there is."""
    return set(env.settings)


def variables(path: Path) -> dict[str, str]:
    """What a file of ``NAME=value`` sets, and what it offers in comments."""
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", path.read_text("utf-8"), re.MULTILINE))


def unless_set(text: str) -> str:
    """What Compose takes for ``${NAME:-value}`` when the variable is not set."""
    return re.sub(r"\$\{\w+:-(.*)\}", r"\1", text)


def seconds(text: str) -> int:
    """Of ``40s``."""
    return int(text.removesuffix("s"))
