"""The scanner reads a model's answer while it is being written, and turns pieces of text into events.

The answer is the first JSON object in the text with one of the keys of an answer. Prose, a code fence or a ``<think>``
block may come before it, and any text after it. The events do not depend on how the text is split, except that one
``Characters`` may become several. Only values of the answer's own keys produce events.

The scanner never raises, and never emits a lone surrogate. RFC 8259 §7 allows a character as two ``\\u`` escapes: after
the first one the scanner waits, and an escape without its partner becomes U+FFFD. It tolerates common mistakes of
models (line breaks inside strings, missing commas). It does not check the content: that is the task of the composer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chatbot.answers.json_string import StringReader

Path = tuple[str | int, ...]

ANSWER_KEYS = frozenset({"recommend", "challenges"})
MAX_DEPTH = 32

_THINK_OPEN, _THINK_CLOSE = "<think>", "</think>"
_KEY = r"(?:[^\"\\\n{}]|\\.){0,80}"
_START = re.compile(rf'\{{\s*"{_KEY}"\s*:')
_START_SO_FAR = re.compile(rf'\{{\s*(?:"{_KEY}(?:\\?|"\s*))?\Z')
_LITERAL = re.compile(r"[^\s{}\[\]\",:]+")
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Characters:
    """The next characters of the string at ``path``, at least one."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class StringEnd:
    """The string at ``path`` is complete."""

    path: Path


@dataclass(frozen=True, slots=True)
class ObjectEnd:
    """The object at ``path`` is complete. The empty path is the answer itself, and the last event."""

    path: Path


ScanEvent = Characters | StringEnd | ObjectEnd


class Scanner:
    """Call ``feed`` with each piece of text. ``done`` is true when the object of the answer is complete.

    Some models write the value of ``challenges`` as a string of JSON. It is read as if it were not quoted, and
    ``unquoted`` is set.
    """

    def __init__(self) -> None:
        self.done = False
        self.unquoted = False
        self._rest = ""
        self._thinking = False
        self._parser: _ObjectParser | None = None

    def feed(self, piece: str) -> list[ScanEvent]:
        return list(self._scan(piece)) if not self.done else []

    def _scan(self, piece: str) -> Iterator[ScanEvent]:
        self._rest += piece
        while not self.done:
            if self._parser is None and not self._find_object():
                return
            assert self._parser is not None
            events, used = self._parser.feed(self._rest)
            self._rest = self._rest[used:]
            yield from (event for event in events if not event.path or event.path[0] in ANSWER_KEYS)
            self.unquoted = self.unquoted or self._parser.unquoted
            if not self._parser.complete:
                return
            if self._parser.is_answer:
                self.done = True
                self._rest = ""
            self._parser = None

    def _find_object(self) -> bool:
        """Drops the text before the next object. Returns whether an object begins in the rest."""
        while self._rest:
            if self._thinking:
                end = self._rest.find(_THINK_CLOSE)
                if end < 0:
                    self._rest = self._rest[-len(_THINK_CLOSE) + 1 :]
                    return False
                self._rest = self._rest[end + len(_THINK_CLOSE) :]
                self._thinking = False
            start = re.search(r"[{<]", self._rest)
            if start is None:
                self._rest = ""
                return False
            self._rest = self._rest[start.start() :]
            if self._rest[0] == "<":
                if self._rest.startswith(_THINK_OPEN):
                    self._rest = self._rest[len(_THINK_OPEN) :]
                    self._thinking = True
                elif _THINK_OPEN.startswith(self._rest):
                    return False
                else:
                    self._rest = self._rest[1:]
                continue
            if _START.match(self._rest):
                self._parser = _ObjectParser()
                return True
            if _START_SO_FAR.match(self._rest):
                return False
            self._rest = self._rest[1:]
        return False


@dataclass(slots=True)
class _Frame:
    """An open object or array. ``name`` is the key or the index of the next value."""

    is_object: bool
    name: str | int = 0
    expects_key: bool = False


class _ObjectParser:
    """Parses one JSON object, and tolerates mistakes. ``base`` is prepended to the paths of its events."""

    def __init__(self, base: Path = ()) -> None:
        self.complete = False
        self.unquoted = False
        self.is_answer = bool(base)
        self._base = base
        self._stack: list[_Frame] = []
        self._string: StringReader | None = None
        self._key: list[str] | None = None
        self._nested: _ObjectParser | None = None

    def feed(self, text: str) -> tuple[list[ScanEvent], int]:
        """The events of ``text``, and the number of characters that were used. Pass the rest again, with more text."""
        events: list[ScanEvent] = []
        position = 0
        while position < len(text) and not self.complete:
            if self._string is not None:
                position = self._read_string(text, position, events)
                if self._string is not None:
                    break
            else:
                position = self._read_structure(text, position, events)
        return events, position

    def _read_structure(self, text: str, position: int, events: list[ScanEvent]) -> int:
        character = text[position]
        frame = self._stack[-1] if self._stack else None
        if character == '"':
            self._open_string(frame)
        elif character in "{[":
            self._open(character == "{")
        elif character in "}]":
            self._close(events)
        elif character == ",":
            self._next_value(frame)
        elif character == ":":
            if frame is not None:
                frame.expects_key = False
        elif character not in _SPACE:
            literal = _LITERAL.match(text, position)
            return literal.end() if literal else position + 1
        return position + 1

    def _open(self, is_object: bool) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self.complete = True
            return
        self._stack.append(_Frame(is_object, name="" if is_object else 0, expects_key=is_object))

    def _close(self, events: list[ScanEvent]) -> None:
        if not self._stack:
            return
        frame = self._stack.pop()
        if frame.is_object and (self._stack or not self._base):
            events.append(ObjectEnd(self._path()))
        if self._stack:
            self._value_ended()
        else:
            self.complete = True
            if not self.is_answer and events and events[-1] == ObjectEnd(()):
                events.pop()

    def _next_value(self, frame: _Frame | None) -> None:
        if frame is None:
            return
        if frame.is_object:
            frame.expects_key = True
        elif isinstance(frame.name, int):
            frame.name += 1

    def _value_ended(self) -> None:
        """Expects a key next inside an object, even without a comma."""
        if self._stack and self._stack[-1].is_object:
            self._stack[-1].expects_key = True

    def _open_string(self, frame: _Frame | None) -> None:
        self._string = StringReader()
        self._key = [] if frame is not None and frame.is_object and frame.expects_key else None
        if self._key is None and self._path() == ("challenges",):
            self._nested = _ObjectParser(base=("challenges",))
            self.unquoted = True

    def _read_string(self, text: str, position: int, events: list[ScanEvent]) -> int:
        assert self._string is not None
        characters, position = self._string.read(text, position)
        if self._key is not None:
            self._key.append(characters)
        elif self._nested is not None:
            self._feed_nested(characters, events)
        elif characters:
            events.append(Characters(self._path(), characters))
        if self._string.closed:
            self._close_string(events)
        return position

    def _feed_nested(self, characters: str, events: list[ScanEvent]) -> None:
        assert self._nested is not None
        nested_events, _ = self._nested.feed(characters)
        events.extend(nested_events)

    def _close_string(self, events: list[ScanEvent]) -> None:
        frame = self._stack[-1] if self._stack else None
        if self._key is not None and frame is not None:
            frame.name = "".join(self._key)
            frame.expects_key = False
            if len(self._stack) == 1 and frame.name in ANSWER_KEYS:
                self.is_answer = True
        else:
            if self._nested is None:
                events.append(StringEnd(self._path()))
            self._value_ended()
        self._string = self._key = self._nested = None

    def _path(self) -> Path:
        return self._base + tuple(frame.name for frame in self._stack)
