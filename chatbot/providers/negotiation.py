"""Finds out which optional parts of a request a model's server refuses, and remembers them.

Servers of OpenAI's protocol accept different parts. They refuse a part with 400, 404, 422 or 500, with an error inside
the stream, or with an empty answer. If a refusal names a part, the request is repeated without that part. If it names
none, the request is repeated without all of them. If that succeeds, each later request tries one of the parts again.
A server may change, or a text may mislead: each refusal is forgotten after some time.
"""

import logging
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chatbot.providers.failures import EMPTY, NO_STREAM, Failure

logger = logging.getLogger(__name__)

REFUSAL_SECONDS = 3600.0
"""How long a part is left out that the server refused."""

DOUBT_SECONDS = 600.0
"""How long a part is left out if the server failed with it and answered without it, but did not name it."""


class Part(StrEnum):
    """An optional part of a request. The least important one comes first."""

    TEMPERATURE = "temperature"
    SYSTEM = "system role"
    COMPLETION_TOKENS = "max_completion_tokens"
    TOKENS = "max_tokens"
    USAGE = "stream_options"
    SCHEMA = "response_format"
    STREAM = "stream"


_NAMES: Mapping[Part, re.Pattern[str]] = {
    Part.TEMPERATURE: re.compile("temperature", re.IGNORECASE),
    Part.SYSTEM: re.compile(
        r"system[ _]?(?:role|message|prompt|instruction)|role[^.]{0,20}system|developer instruction"
        r"|roles must alternate|(?:first|only)[^.]{0,30}user[^.]{0,20}(?:role|message)",
        re.IGNORECASE,
    ),
    Part.COMPLETION_TOKENS: re.compile("max_completion_tokens", re.IGNORECASE),
    Part.TOKENS: re.compile("max_tokens", re.IGNORECASE),
    Part.USAGE: re.compile("stream_options|include_usage", re.IGNORECASE),
    Part.SCHEMA: re.compile(
        r"response_format|json[ _]?schema|structured[ _]?output|guided[ _]?(?:json|decoding)|grammar", re.IGNORECASE
    ),
    Part.STREAM: re.compile(r"\bstream(?:ing)?\b(?!_)", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part that a model refused. ``words`` is the server's message, which may repeat the request: show it only to
    operators. ``until`` is the time of the monotonic clock at which the part is tried again."""

    part: Part
    status: str
    words: str
    until: float

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until


class Negotiation:
    """The refusals of one model. ``refused`` are the parts that are left out. ``suspects`` were left out together; the
    next request tries the first of them again."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.refused: dict[Part, Refusal] = {}
        self.suspects: list[Part] = []

    @property
    def probe(self) -> Part | None:
        """The suspect that the next request tries."""
        return self.suspects[0] if self.suspects else None

    def attempt(self, wanted: Collection[Part]) -> "Attempt":
        """The first attempt of a request that wants these parts."""
        for part in [part for part, refusal in self.refused.items() if refusal.is_over]:
            del self.refused[part]
        return Attempt(self, frozenset(wanted) - set(self.refused) - set(self.suspects[1:]), self.probe)

    def note(self, attempt: "Attempt") -> None:
        """Remembers the refusals of an attempt that was answered."""
        group = attempt.left_out_together
        if len(group) == 1:
            attempt.left_out |= group
            group = {}
        for part, refusal in attempt.left_out.items():
            self.refused[part] = refusal
            logger.warning("%s refuses %s (%s): it is asked without", self.model, part, refusal.status)
        known = attempt.parts | set(self.refused)
        self.suspects = [part for part in Part if part in {*self.suspects, *group} - known]


class Attempt:
    """One request. ``parts`` are the parts to send: fewer after each refusal.

    ``probe`` is the suspect that this request tries. Requests that began earlier cannot tell anything about it.
    """

    def __init__(self, negotiation: Negotiation, parts: frozenset[Part], probe: Part | None) -> None:
        self.parts = parts
        self.left_out: dict[Part, Refusal] = {}
        self.left_out_together: dict[Part, Refusal] = {}
        self._negotiation = negotiation
        self._probe = probe
        self._has_repeated = False
        self._is_noted = False

    def answered(self) -> None:
        """Call it when the request is answered. The refusals are then remembered."""
        if not self._is_noted:
            self._is_noted = True
            self._negotiation.note(self)

    def again(self, failure: Failure) -> float | None:
        """The pause in seconds before the request is repeated, perhaps with fewer parts; None if it must not be."""
        if failure is NO_STREAM and Part.STREAM in self.parts:
            if self._has_repeated:
                return self._without(Part.STREAM, failure, seconds=DOUBT_SECONDS)
            self._has_repeated = True
            return 0.0
        named = self._named(failure)
        if named is not None and failure.is_about_the_length:
            self.parts -= {named}
            return 0.0
        if named is not None:
            return self._without(named, failure)
        lengths = self.parts & {Part.TOKENS, Part.COMPLETION_TOKENS}
        if failure.is_about_the_request and failure.is_about_the_length and lengths:
            self.parts -= lengths
            return 0.0
        if failure.is_about_the_request and (pause := self._without_all(failure)) is not None:
            return pause
        pause = 0.0 if failure in {EMPTY, NO_STREAM} else failure.pause
        if pause is None:
            return None
        if Part.SCHEMA in self.parts and failure.may_hide_a_refusal:
            self._has_repeated = True
            self._without(Part.SCHEMA, failure, seconds=DOUBT_SECONDS)
            return pause
        if self._has_repeated or failure in {EMPTY, NO_STREAM}:
            return None
        self._has_repeated = True
        return pause

    def _named(self, failure: Failure) -> Part | None:
        """The first part that the failure's text names."""
        if not failure.may_name_a_part:
            return None
        parts = self.parts if failure.may_refuse_streams else self.parts - {Part.STREAM}
        found = {part: match.start() for part in parts if (match := _NAMES[part].search(failure.text))}
        return min(found, key=found.__getitem__, default=None)

    def _without(self, part: Part, failure: Failure, *, seconds: float = REFUSAL_SECONDS) -> float:
        self.parts -= {part}
        self.left_out[part] = _refusal(part, failure, seconds)
        return 0.0

    def _without_all(self, failure: Failure) -> float | None:
        """Leaves out the suspect if one was tried, and otherwise all parts. None if there are none."""
        if self._probe in self.parts:
            return self._without(self._probe, failure)
        optional = self.parts - {Part.STREAM}
        if not optional:
            return None
        self.parts -= optional
        self.left_out_together = {part: _refusal(part, failure, REFUSAL_SECONDS) for part in optional}
        return 0.0


def _refusal(part: Part, failure: Failure, seconds: float) -> Refusal:
    return Refusal(part, failure.kind, failure.words, time.monotonic() + seconds)


_negotiations: dict[str, Negotiation] = {}
"""The negotiations of this process by model. There are as many as models in the settings."""


def negotiation_with(model: str) -> Negotiation:
    return _negotiations.setdefault(model, Negotiation(model))


def refusals() -> dict[str, list[Refusal]]:
    """The refusals of this process since its start, by model. Models without refusals are left out."""
    return {name: list(each.refused.values()) for name, each in _negotiations.items() if each.refused}


def forget_refusals() -> None:
    """Forgets all refusals."""
    _negotiations.clear()
