"""What a provider is: it writes answers."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from challenges.catalog import Selection
from chatbot.answers.rules import CHALLENGES, RECOMMENDATION, Challenge


@dataclass(slots=True)
class Report:
    """Tokens in and out, as the provider counted them; None when it did not say."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    def add(self, tokens_in: int, tokens_out: int) -> None:
        self.tokens_in = (self.tokens_in or 0) + tokens_in
        self.tokens_out = (self.tokens_out or 0) + tokens_out


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """What the catalogue's sentences depend on. All of it is empty for a plain recommendation.

    ``intent`` is a value of ``chatbot.models.Intent``. ``facet`` is how the challenges are to differ, ``subject``
    the person's own word for what they should be about. ``moved_from`` is the label of the category that was left.
    ``explained`` are the challenges to tell more about: one, or those among which the person has to choose. ``passage``
    is what a document says to the question. ``assumed`` are labels that the person has not confirmed. ``refused`` are
    words of unwanted things. ``said`` are sentences that the session was told before. ``danger`` is that of
    ``Understanding``. ``english`` means that the message has no Korean, ``after_help`` that the last answer was help.
    """

    intent: str = ""
    facet: str = ""
    subject: str = ""
    moved_from: str = ""
    explained: Sequence[Challenge] = ()
    passage: str = ""
    assumed: Sequence[str] = ()
    refused: Sequence[str] = ()
    said: Sequence[str] = ()
    danger: str = ""
    english: bool = False
    after_help: bool = False


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """What a provider is asked.

    ``kind`` is the answer's; one that is no recommendation has no challenges. ``candidates`` are challenges that fit
    what the person said, the best first. ``given`` holds the titles that the session had before, the earliest first.

    The next three are set when another provider left the answer unfinished. ``already`` are its titles so far,
    ``missing`` counts the challenges that it still needs, and ``why`` says what was wrong with the rest.
    ``output_schema`` is the JSON schema of an answer, for providers that take one; empty when none is asked for.
    """

    system_prompt: str
    user_prompt: str
    selection: Selection
    given: Sequence[str]
    seed: int
    kind: str = RECOMMENDATION
    template_context: TemplateContext = field(default_factory=TemplateContext)
    candidates: Sequence[Challenge] = ()
    already: Sequence[str] = ()
    missing: int = CHALLENGES
    why: str = ""
    output_schema: Mapping[str, Any] = field(default_factory=dict)
    report: Report = field(default_factory=Report)


class ProviderError(Exception):
    """The provider cannot write an answer; the message is for the operator and holds no secret."""


class Provider(Protocol):
    """Writes answers as the JSON text that the prompt's ``{{output_format}}`` describes."""

    @property
    def name(self) -> str:
        """What ``start`` and the generation's row call it."""
        ...

    @property
    def hosted(self) -> bool:
        """Whether each call costs a connection to a model's server, so that their number is bounded."""
        ...

    def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        """The text in pieces, as it is written. Closing the generator ends the work. Raises ProviderError."""
        ...
