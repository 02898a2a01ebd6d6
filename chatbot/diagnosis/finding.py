"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """A plain sentence; ``remedy`` names the setting or the command that helps, and is empty when all is well."""

    level: Level
    message: str
    remedy: str = ""


def ok(message: str) -> Finding:
    return Finding(Level.OK, message)


def warning(message: str, remedy: str) -> Finding:
    return Finding(Level.WARNING, message, remedy)


def fault(message: str, remedy: str) -> Finding:
    return Finding(Level.FAULT, message, remedy)
