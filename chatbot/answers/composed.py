"""The output of a composer, as values."""

from dataclasses import dataclass

from chatbot.answers.rules import Challenge


@dataclass(frozen=True, slots=True)
class Shown:
    """The next piece of text for a person."""

    text: str


@dataclass(frozen=True, slots=True)
class Completed:
    """A challenge is complete and keeps the contract. ``index`` counts from 1."""

    index: int
    challenge: Challenge


@dataclass(frozen=True, slots=True)
class Retracted:
    """Only the first ``length`` UTF-16 code units of the shown text remain."""

    length: int


Composed = Shown | Completed | Retracted
