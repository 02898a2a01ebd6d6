"""What was found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Found:
    """A challenge, or a passage of a document, that fits a question.

    ``category`` is a category's key, "" for a document that serves them all; ``label`` its name. ``text`` is the
    challenge's description or the passage; ``score`` has no unit and compares within one search alone.
    """

    kind: Literal["challenge", "document"]
    id: int
    title: str
    text: str
    category: str
    label: str
    score: float
    link: str = ""
