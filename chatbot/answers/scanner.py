"""The scanner reads a model's answer while it is being written, and turns pieces of text into events.

The answer is the first JSON object in the text with one of the keys of an answer. It may be inside other objects, as in
a tool call. Prose, a code fence or thinking may come before it, and any text after it. The events do not depend on how
the text is split, except that one ``Characters`` may become several. Only values of the answer's own keys produce
events.

The scanner never raises, and never emits a lone surrogate. RFC 8259 §7 allows a character as two ``\\u`` escapes: after
the first one the scanner waits, and an escape without its partner becomes U+FFFD. It tolerates common mistakes of
models (line breaks and quotes inside strings, missing commas). It does not check the content: that is the task of the
composer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chatbot.answers.object_parser import ANSWER_KEYS, Characters, ObjectEnd, ObjectEvent, ObjectParser, StringEnd
from chatbot.answers.thinking import NEW_START, ThinkingFilter

__all__ = ["ANSWER_KEYS", "Another", "Characters", "ObjectEnd", "ScanEvent", "Scanner", "StringEnd"]

_QUOTE = '["“”„‟＂]'
_KEY = r"(?:[^\"“”„‟＂\\\n{}]|\\.){0,80}"
_START = re.compile(rf"\{{\s*{_QUOTE}{_KEY}{_QUOTE}\s*:")
_START_SO_FAR = re.compile(rf"\{{\s*(?:{_QUOTE}{_KEY}(?:\\?|{_QUOTE}\s*))?\Z")


@dataclass(frozen=True, slots=True)
class Another:
    """Another answer begins. ``replaces`` is set if the answer before was only thinking."""

    replaces: bool


ScanEvent = ObjectEvent | Another


class Scanner:
    """Call ``feed`` with each piece of text, and ``finish`` at its end. ``done`` is true when the object of the answer
    is complete. With ``reads_on``, the events of further answers follow, each after an ``Another``.

    ``mends`` has the names of tolerated mistakes: ``challenges_as_string``, ``wrapped``, ``quotes``.
    """

    def __init__(self, *, reads_on: bool = False) -> None:
        self.done = False
        self.mends: set[str] = set()
        self._reads_on = reads_on
        self._rest = ""
        self._thinking = ThinkingFilter()
        self._parser: ObjectParser | None = None
        self._has_begun = False  # an answer
        self._is_replaced = False
        self._is_new = True  # the next event begins an answer

    @property
    def unquoted(self) -> bool:
        """Whether the value of ``challenges`` was a string of JSON."""
        return "challenges_as_string" in self.mends

    def feed(self, piece: str) -> list[ScanEvent]:
        return [event for part in self._thinking.feed(piece) for event in self._read(part)]

    def finish(self) -> list[ScanEvent]:
        """Ends the text. Returns the events of what was held back."""
        held = self._thinking.finish()
        return [*self._read(held), *self._read("", is_all=True)]

    def _read(self, part: str | object, *, is_all: bool = False) -> Iterator[ScanEvent]:
        if part is NEW_START:
            if self._reads_on:
                self._is_replaced = self._has_begun
                self._is_new = True
                self._rest, self._parser = "", None
            elif not self.done:
                self._rest, self._parser = "", None
        elif isinstance(part, str) and (self._reads_on or not self.done):
            yield from self._scan(part, is_all=is_all)

    def _scan(self, part: str, *, is_all: bool) -> Iterator[ScanEvent]:
        self._rest += part
        while self._rest and (self._reads_on or not self.done):
            if self._parser is None and not self._find_object():
                return
            assert self._parser is not None
            events, used = self._parser.feed(self._rest, is_all=is_all)
            self._rest = self._rest[used:]
            yield from self._announced(events)
            self.mends |= self._parser.mends if self._parser.is_answer else set()
            if not self._parser.complete:
                return
            if self._parser.is_answer:
                self.done = self._is_new = True
            self._parser = None

    def _announced(self, events: list[ObjectEvent]) -> Iterator[ScanEvent]:
        for event in events:
            if self._is_new:
                self._is_new = False
                if self._has_begun:
                    yield Another(self._is_replaced)
                self._has_begun, self._is_replaced = True, False
            yield event

    def _find_object(self) -> bool:
        """Drops the text before the next object. Returns whether an object begins in the rest."""
        while self._rest:
            start = self._rest.find("{")
            if start < 0:
                self._rest = ""
                return False
            self._rest = self._rest[start:]
            if _START.match(self._rest):
                self._parser = ObjectParser()
                return True
            if _START_SO_FAR.match(self._rest):
                return False
            self._rest = self._rest[1:]
        return False
