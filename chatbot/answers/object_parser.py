"""Parses one JSON object of a model piece by piece, and finds the answer in it."""

import re
from dataclasses import dataclass

from chatbot.answers.json_string import CURLY, STRAIGHT, StringReader
from chatbot.answers.quotes import ends_key, ends_value

Path = tuple[str | int, ...]

ANSWER_KEYS = frozenset({"recommend", "challenges"})
CHALLENGE_KEYS = frozenset({"title", "description", "category"})
MAX_DEPTH = 32

WRAPPERS = frozenset(
    {
        *(
            "answer",
            "response",
            "result",
            "output",
            "data",
            "json",
            "content",
            "message",
            "messages",
            "final",
            "value",
            "text",
        ),
        *("final_answer", "recommendation", "reply", "body", "properties", "choices"),
        *("arguments", "args", "parameters", "params", "input", "tool_input", "action_input"),
        *("function", "function_call", "tool_call", "tool_calls", "tool_use"),
    }
)
"""The keys of objects that may contain the answer, as in a tool call."""

_LITERAL = re.compile(r"[^\s{}\[\]\",:“”„‟＂]+")
_SPACE = " \t\r\n"
_NESTED_SO_FAR = re.compile(r"\s*(?:\{\s*)?\Z")
_NESTED = re.compile(r"\s*\{\s*[\"“”„‟＂]")


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


ObjectEvent = Characters | StringEnd | ObjectEnd


@dataclass(slots=True)
class _Frame:
    """An open object or array. ``name`` is the key or the index of the next value."""

    is_object: bool
    name: str | int = 0
    expects_key: bool = False


class ObjectParser:
    """Parses one JSON object, and tolerates mistakes. ``mends`` has their names.

    With a ``base`` the object is a part of an answer. ``base`` is prepended to the paths of its events.
    """

    def __init__(self, base: Path = ()) -> None:
        self.complete = False
        self.is_answer = bool(base)
        self.mends: set[str] = set()
        self._base = base
        self._root: int | None = 0 if base else None  # the index of the answer's object in the stack
        self._stack: list[_Frame] = []
        self._string: StringReader | None = None
        self._key: list[str] | None = None
        self._held: str | None = None  # the beginning of a string that may contain JSON
        self._nested: ObjectParser | None = None
        self._nested_rest = ""
        self._is_all = False

    @property
    def is_open(self) -> bool:
        """Whether it has open brackets."""
        return bool(self._stack) and not self.complete

    def feed(self, text: str, *, is_all: bool = False) -> tuple[list[ObjectEvent], int]:
        """The events of ``text``, and the number of characters that were used. Pass the rest again, with more text.
        ``is_all`` means that no more text comes."""
        self._is_all = is_all
        events: list[ObjectEvent] = []
        position = 0
        while position < len(text) and not self.complete:
            if self._string is not None:
                begun = position
                position = self._read_string(text, position, events)
                if position == begun:
                    break
            else:
                position = self._read_structure(text, position, events)
        return events, position

    def _read_structure(self, text: str, position: int, events: list[ObjectEvent]) -> int:
        character = text[position]
        frame = self._stack[-1] if self._stack else None
        if character == STRAIGHT or character in CURLY:
            self._open_string(frame, character)
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

    def _close(self, events: list[ObjectEvent]) -> None:
        if not self._stack:
            return
        frame = self._stack.pop()
        is_root = self._root == len(self._stack)
        if frame.is_object and self.is_answer and (not is_root or self._base != ("challenges",)):
            self._emit(ObjectEnd(self._path()), events)
        if not self._stack or (is_root and not self._base):
            self.complete = True
        else:
            self._value_ended()

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

    def _open_string(self, frame: _Frame | None, quote: str) -> None:
        is_key = frame is not None and frame.is_object and frame.expects_key
        self._string = StringReader(quote, ends_key if is_key else self._ends)
        if quote != STRAIGHT:
            self.mends.add("quotes")
        self._key = [] if is_key else None
        if not is_key and self._path() == ("challenges",) and self._root is not None:
            self._nested = ObjectParser(base=("challenges",))
            self.mends.add("challenges_as_string")
        elif not is_key and self._may_nest:
            self._held = ""

    @property
    def _may_nest(self) -> bool:
        """Whether the string that begins may contain an answer or a challenge as JSON."""
        if self._root is None:
            return self._is_wrapped(self._stack)
        path = self._path()
        return path == ("recommend",) or (len(path) == 2 and path[0] == "challenges")

    def _ends(self, text: str, position: int) -> bool | None:
        """Whether the quote before ``position`` ends the value."""
        assert self._string is not None
        if self._nested is not None and self._nested.is_open and self._string.has_bare_quotes:
            return self._is_all
        in_object = bool(self._stack) and self._stack[-1].is_object
        ends = ends_value(text, position, in_object=in_object)
        return True if ends is None and self._is_all else ends

    def _read_string(self, text: str, position: int, events: list[ObjectEvent]) -> int:
        assert self._string is not None
        characters, position = self._string.read(text, position)
        if self._key is not None:
            self._key.append(characters)
        elif characters:
            self._take(characters, events)
        if self._string.closed:
            self._close_string(events)
        return position

    def _take(self, characters: str, events: list[ObjectEvent]) -> None:
        if self._held is not None:
            self._held += characters
            if _NESTED.match(self._held):
                self._nested = ObjectParser(
                    base=self._path() if len(self._path()) == 2 and self._root is not None else ()
                )
                characters, self._held = self._held, None
            elif _NESTED_SO_FAR.match(self._held):
                return
            else:
                characters, self._held = self._held, None
        if self._nested is not None:
            self._feed_nested(characters, events)
        else:
            self._emit(Characters(self._path(), characters), events)

    def _feed_nested(self, characters: str, events: list[ObjectEvent]) -> None:
        assert self._nested is not None
        text = self._nested_rest + characters
        nested_events, used = self._nested.feed(text, is_all=self._is_all)
        self._nested_rest = text[used:]
        events.extend(nested_events)

    def _close_string(self, events: list[ObjectEvent]) -> None:
        assert self._string is not None
        if self._string.has_bare_quotes:
            self.mends.add("quotes")
        frame = self._stack[-1] if self._stack else None
        if self._key is not None and frame is not None:
            name = "".join(self._key)
            known = name.strip().lower()
            frame.name = known if known in ANSWER_KEYS | CHALLENGE_KEYS else name
            frame.expects_key = False
            if frame.name in ANSWER_KEYS and self._root is None and self._is_wrapped(self._stack[:-1]):
                self._root = len(self._stack) - 1
                self.is_answer = True
                if self._root:
                    self.mends.add("wrapped")
        else:
            self._end_value(events)
            self._value_ended()
        self._string = self._key = self._nested = self._held = None
        self._nested_rest = ""

    def _end_value(self, events: list[ObjectEvent]) -> None:
        if self._nested is None:
            if self._held:
                self._emit(Characters(self._path(), self._held), events)
            self._emit(StringEnd(self._path()), events)
            return
        nested_events, _ = self._nested.feed(self._nested_rest, is_all=True)
        events.extend(nested_events)
        self.mends |= self._nested.mends
        if self._nested.is_answer and not self._nested._base:
            self.mends.add("wrapped")
            self.is_answer = self.complete = True

    def _emit(self, event: ObjectEvent, events: list[ObjectEvent]) -> None:
        """Adds the event if it belongs to one of the answer's own keys."""
        if self._root is not None and (not event.path or event.path[0] in ANSWER_KEYS):
            events.append(event)

    def _is_wrapped(self, frames: list[_Frame]) -> bool:
        """Whether the frames may contain an answer: all their keys are wrappers."""
        return all(isinstance(frame.name, int) or frame.name.lower() in WRAPPERS for frame in frames)

    def _path(self) -> Path:
        return self._base + tuple(frame.name for frame in self._stack[self._root or 0 :])
