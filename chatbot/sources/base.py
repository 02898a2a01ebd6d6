"""What an answer source is."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from challenges.catalog import Selection


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What a source is asked. ``given`` holds the titles that the session had before, the earliest first."""

    system_prompt: str
    user_prompt: str
    selection: Selection
    given: Sequence[str]
    seed: int


class SourceError(Exception):
    """The source cannot write an answer; the message is for the operator and holds no secret."""


class AnswerSource(Protocol):
    """Writes answers as the JSON text that the prompt's ``{{output_format}}`` describes."""

    @property
    def name(self) -> str:
        """What ``start`` and the generation's row call it."""
        ...

    def stream(self, request: SourceRequest) -> AsyncGenerator[str, None]:
        """The text in pieces, as it is written. Closing the generator ends the work. Raises SourceError."""
        ...
