"""What an answer source is."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from challenges.catalog import Selection


@dataclass(slots=True)
class Report:
    """What a source tells of its work besides the text: tokens in and out, as the provider counted them."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    def add(self, tokens_in: int, tokens_out: int) -> None:
        self.tokens_in = (self.tokens_in or 0) + tokens_in
        self.tokens_out = (self.tokens_out or 0) + tokens_out


@dataclass(frozen=True, slots=True)
class Candidate:
    """A challenge that was looked up for what a person said."""

    title: str
    description: str
    category: str


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an answer is said to, for a source that words it without a model.

    ``intent`` is what the person wanted (a value of ``chatbot.models.Intent``), ``facet`` how the challenges are to be
    different, ``subject`` the person's own word for what they should be about; each is "" when there is none.
    ``before`` is the label of the category that was left. ``explained`` are the challenges to tell more about: one, or
    those among which the person has to choose. ``passage`` is what a document says to the question. ``assumed`` are
    labels that nobody has confirmed; ``refused`` are words of things that are not wanted; ``after_help`` tells that the
    last answer was to somebody in danger, ``danger`` which danger the message tells of; ``english`` that the message
    has no Korean. ``said`` are sentences that the session was told before.
    """

    intent: str = ""
    facet: str = ""
    subject: str = ""
    before: str = ""
    explained: Sequence[Candidate] = ()
    passage: str = ""
    assumed: Sequence[str] = ()
    said: Sequence[str] = ()
    danger: str = ""
    english: bool = False
    after_help: bool = False
    refused: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """What a source is asked.

    ``kind`` is the answer's; one that is no recommendation has no challenges. ``candidates`` are challenges that fit
    what the person said, the best first.

    ``given`` holds the titles that the session had before, the earliest first. ``already`` are titles that the answer
    has so far and ``missing`` the number of challenges it still needs, when another source left it unfinished; ``why``
    says what was wrong with the rest. ``output_schema`` is the JSON schema of an answer, for providers that can be held
    to one; empty when none is asked for.
    """

    system_prompt: str
    user_prompt: str
    selection: Selection
    given: Sequence[str]
    seed: int
    kind: str = "recommendation"
    occasion: Occasion = field(default_factory=Occasion)
    candidates: Sequence[Candidate] = ()
    already: Sequence[str] = ()
    missing: int = 3
    why: str = ""
    output_schema: Mapping[str, Any] = field(default_factory=dict)
    report: Report = field(default_factory=Report)


class ProviderError(Exception):
    """The source cannot write an answer; the message is for the operator and holds no secret."""


class Provider(Protocol):
    """Writes answers as the JSON text that the prompt's ``{{output_format}}`` describes."""

    @property
    def name(self) -> str:
        """What ``start`` and the generation's row call it."""
        ...

    @property
    def hosted(self) -> bool:
        """Whether each call costs a connection to a provider, so that their number is bounded."""
        ...

    def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        """The text in pieces, as it is written. Closing the generator ends the work. Raises SourceError."""
        ...
