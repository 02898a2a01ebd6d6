"""The interface of providers, which write answers."""

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from challenges.catalog import Selection
from chatbot.answers.rules import CHALLENGES, RECOMMENDATION, Challenge


@dataclass(slots=True)
class Report:
    """The provider's counts of input and output tokens; None if it did not report them."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    def add(self, tokens_in: int | None, tokens_out: int | None) -> None:
        """Adds the counts of one call."""
        if tokens_in is not None:
            self.tokens_in = (self.tokens_in or 0) + tokens_in
        if tokens_out is not None:
            self.tokens_out = (self.tokens_out or 0) + tokens_out


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """The values on which the catalogue's sentences depend. All are empty for a plain recommendation.

    ``intent`` is a value of ``chatbot.models.Intent``. ``facet`` is how the challenges should differ. ``subject`` is
    the person's own word for their subject. ``moved_from`` is the label of the category before, if it changed.
    ``explained`` are the challenges to explain: one, or those among which the person has to choose. ``passage`` is a
    sentence of a document about the question. ``assumed`` are labels that the person has not confirmed. ``refused`` are
    words for unwanted things. ``said`` are the sentences of earlier answers in the session. ``danger`` is the one of
    ``Understanding``. ``english``: the message has no Korean. ``after_help``: the last answer was help.
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
    """A request to a provider.

    ``kind`` is the kind of the answer; only a recommendation has challenges. ``candidates`` are challenges that suit
    the message, the best first. ``given`` are the titles that the session was given, the earliest first. The next four
    are set if another provider left the answer unfinished. ``already`` are its titles so far. ``missing`` is the number
    of challenges that it still needs. ``lacks_sentence`` is set if it has no sentence. ``why`` explains what was wrong.
    ``output_schema`` is the JSON schema of an answer for providers that accept one; empty means no schema.
    ``deadline`` is the time of the event loop's clock at which the answer must end.
    """

    system_prompt: str
    user_prompt: str
    selection: Selection
    given: Sequence[str]
    seed: int
    kind: str = RECOMMENDATION
    template_context: TemplateContext = field(default_factory=TemplateContext)
    candidates: Sequence[Challenge] = ()
    deadline: float = math.inf
    already: Sequence[str] = ()
    missing: int = CHALLENGES
    lacks_sentence: bool = False
    why: str = ""
    output_schema: Mapping[str, Any] = field(default_factory=dict)
    report: Report = field(default_factory=Report)


class ProviderError(Exception):
    """The provider cannot write an answer. The message is for the operator and contains no secret.

    ``words`` is the message of the model's server. It may contain a secret or the request, so only the doctor shows it,
    redacted.
    """

    def __init__(self, message: str, *, words: str = "") -> None:
        super().__init__(message)
        self.words = words


class Provider(Protocol):
    """Writes answers as the JSON text that the prompt's ``{{output_format}}`` describes."""

    @property
    def name(self) -> str:
        """The provider's name in ``start`` and in the generation's row."""
        ...

    @property
    def hosted(self) -> bool:
        """Whether each call needs a connection to a model's server. The number of such calls is limited."""
        ...

    def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        """Yields the text in pieces while it is written. Closing the generator ends the call. Raises ProviderError."""
        ...
