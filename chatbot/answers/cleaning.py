"""Removes from a model's text what people should not see, piece by piece. The result does not depend on the pieces.

It first decodes entities, and escapes that were escaped twice. Then it removes control tokens, markup, HTML, links,
template variables, and invisible or unreadable characters. Text that may become one of these is held back until more
text comes. What remains never begins an HTML tag: a space separates a ``<`` from a name behind it.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import regex

EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3\U000e0020-\U000e007f]+")

JSON_TEXT = "json_text"
"""The name for text that continues as JSON, because its closing quote is missing."""

_PLAIN = (
    ("markup", re.compile("[*`#]+")),
    ("emoji", EMOJI),
    ("unreadable", re.compile("[\ufffd\ue000-\uf8ff\ufff9-\ufffc]+")),
    ("invisible", re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069]+")),
    ("invisible", re.compile("[\u00ad\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2060-\u2065\u3164\ufeff\uffa0]+")),
)
"""Characters that are always removed, with the name of the correction."""

_BLANK = (
    ("control_tokens", re.compile("[\u2581\u0120\u010a]+")),
    ("markup", re.compile("[|\u2028\u2029]+")),
)
"""Characters that are replaced by white space: marks of tokenizers, borders of tables, separators."""

_ORDINARY = re.compile("[\uac00-\ud7a3A-Za-z0-9 .,!?:;()'%/+=]+")
"""Text without any character that needs a check, for speed."""

_BLOCKS = frozenset({"br", "p", "li", "div", "tr", "td"})


def _entity(found: str) -> str:
    return html.unescape(found)


def _escape(found: str) -> str:
    r"""What ``\\n``, ``\\"`` or ``\\uXXXX`` in a decoded string stands for."""
    if found.startswith("\\u"):
        units = re.findall(r"\\u([0-9a-fA-F]{4})", found)
        return b"".join(bytes.fromhex(unit) for unit in units).decode("utf-16-be", "replace")
    return found[1:] if found[1:] in {'"', "/", "'"} else " "


def _tag(found: str) -> str:
    name = found.strip("</>").split(" ")[0].lower()
    return " " if name in _BLOCKS else ""


def _label(found: str) -> str:
    return found[found.index("[") + 1 : found.index("]")]


class _Rule(NamedTuple):
    """A rule for text that begins with a character of ``first``. With ``again`` the replacement is cleaned, too."""

    first: str
    pattern: "regex.Pattern[str]"
    name: str
    replace: Callable[[str], str]
    again: bool = False


def _rule(first: str, pattern: str, name: str, replace: Callable[[str], str], *, again: bool = False) -> _Rule:
    return _Rule(first, regex.compile(pattern, regex.IGNORECASE), name, replace, again)


def _nothing(found: str) -> str:
    return ""


def _space(found: str) -> str:
    return " "


_TOKENS = r"</?(?:s|bos|eos|pad|unk|mask|start_of_turn|end_of_turn|start_of_image|end_of_text|eot|eom)>"
_KEYS = "recommend|challenges|title|description|category"
_ENCODED = re.compile(r"[&\\]")
_ENCODINGS = (
    _rule("&", r"&(?:[a-z][a-z0-9]{1,8}|#\d{1,7}|#x[0-9a-f]{1,6});", "markup", _entity, again=True),
    _rule("\\", r"(?:\\u[0-9a-f]{4})+", "escapes", _escape, again=True),
    _rule("\\", r"\\[^u]", "escapes", _escape),
    _rule("\\", r"\\", "escapes", _nothing),
)
_RULES = (
    _rule('"“”', rf"[\"“”][\"“”\s,\[{{]{{0,6}}(?:{_KEYS})", JSON_TEXT, _nothing),
    _rule('"“”', r"[\"“”]\s{0,3}:\s{0,3}[\"“”\[{]", JSON_TEXT, _nothing),
    _rule("<", r"<[|｜][^<>|｜\n]{0,60}[|｜]>", "control_tokens", _nothing),
    _rule("<", _TOKENS, "control_tokens", _nothing),
    _rule("<", r"<0x[0-9a-f]{2}>", "control_tokens", _space),
    _rule("<", r"<!--.{0,200}?-->", "markup", _nothing),
    _rule("<", r"</?[a-z][a-z0-9_:-]{0,30}(?:\s[^<>]{0,200})?/?>", "markup", _tag),
    _rule("[", r"\[/?(?:INST|SYS|THINK|TOOL_CALLS)\]", "control_tokens", _nothing),
    _rule("[", r"\[([^\[\]\n]{0,80})\]\((?:[^()\n]|\([^()\n]{0,60}\)){0,300}\)", "markup", _label, again=True),
    _rule("[", r"\[\^?\d{1,3}\]", "markup", _nothing),
    _rule("【", r"【[^【】]{0,60}†[^【】]{0,60}】", "markup", _nothing),
    _rule("{", r"\{\{?[^{}\n]{0,60}\}\}?", "template", _nothing),
    _rule("{}", r"[{}]+", "template", _nothing),
    _rule("_", r"_{2,}", "markup", _nothing),
    _rule("~", r"~{2,}", "markup", lambda found: "~~"),
    _rule("-", r"-{3,}", "markup", _space),
)
_JAMO = regex.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]+")
_VOWELS_FIRST = re.compile("^[\u1160-\u11ff\ud7b0-\ud7ff]+")
_SPECIAL = regex.compile(
    r"[\"“”<\[{}_~>【\-•·" + "\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff" + r"]|(?![\ufe0f\u20e3])\p{M}"
)
_WORD = re.compile(r"\w")
_TAG_START = re.compile(r"<(?=[A-Za-z/!?])")


class Cleaner:
    """Cleans one text. ``push`` adds a fragment and returns clean text. ``finish`` returns the rest. ``removed`` has
    the names of the corrections."""

    def __init__(self) -> None:
        self.removed: set[str] = set()
        self._encoded = ""  # the beginning of what may be decoded
        self._held = ""
        self._last = ""  # the last character of the output
        self._is_line_start = True
        self._is_struck = False
        self._is_stressed = False

    def push(self, fragment: str) -> str:
        if not self._held and not self._encoded and self._last != "<" and _ORDINARY.fullmatch(fragment):
            self._pass(fragment)
            return fragment
        return self._read(self._held + self._decoded(fragment, is_all=False), is_all=False)

    def finish(self) -> str:
        return self._read(self._held + self._decoded("", is_all=True), is_all=True)

    def _decoded(self, fragment: str, *, is_all: bool) -> str:
        """Decodes before anything is removed, so that a decoded tag is removed as a whole."""
        text, self._encoded = self._encoded + fragment, ""
        out: list[str] = []
        while (found := _ENCODED.search(text)) is not None:
            start = found.start()
            out.append(text[:start])
            for rule in _ENCODINGS:
                match = rule.pattern.match(text, start, partial=not is_all) if text[start] == rule.first else None
                if match is not None:
                    break
            else:
                out.append(text[start])
                text = text[start + 1 :]
                continue
            if not is_all and match.end() == len(text):
                self._encoded = text[start:]
                return "".join(out)
            self.removed.add(rule.name)
            replacement, text = rule.replace(match[0]), text[match.end() :]
            if rule.again:  # each time the text becomes shorter
                text = replacement + text
            else:
                out.append(replacement)
        return "".join([*out, text])

    def _read(self, text: str, *, is_all: bool) -> str:
        out: list[str] = []
        position = 0
        while position < len(text):
            special = _SPECIAL.search(text, position)
            start = special.start() if special else len(text)
            if start > position:
                out.append(self._plain(text[position:start]))
                position = start
                continue
            step = self._special(text, position, is_all=is_all)
            if step is None:
                break
            replacement, position, again = step
            if again:  # each time the text becomes shorter
                text, position = replacement + text[position:], 0
            else:
                out.append(self._plain(replacement))
        self._held = text[position:]
        return "".join(out)

    def _special(self, text: str, position: int, *, is_all: bool) -> tuple[str, int, bool] | None:
        """The replacement of the text at ``position``, the end of that text, and whether to clean the replacement. None
        if more text is needed."""
        character = text[position]
        if _JAMO.match(character):
            return self._jamo(text, position, is_all=is_all)
        if regex.match(r"\p{M}", character):
            return "", position + 1, False
        if character in "->•·" and self._is_line_start:
            return self._bullet(text, position, is_all=is_all)
        for rule in _RULES:
            if character not in rule.first:
                continue
            match = rule.pattern.match(text, position, partial=not is_all)
            if match is None:
                continue
            if not is_all and match.end() == len(text):
                return None
            self.removed.add(rule.name)
            replacement = rule.replace(match[0])
            return self._strike() if replacement == "~~" else replacement, match.end(), rule.again
        if character == "_":
            return self._underscore(text, position, is_all=is_all)
        return character, position + 1, False

    def _jamo(self, text: str, position: int, *, is_all: bool) -> tuple[str, int, bool] | None:
        """Composes decomposed syllables (NFD)."""
        match = _JAMO.match(text, position)
        assert match is not None
        if match.end() == len(text) and not is_all:
            return None
        return unicodedata.normalize("NFC", _VOWELS_FIRST.sub("", match[0])), match.end(), False

    def _bullet(self, text: str, position: int, *, is_all: bool) -> tuple[str, int, bool] | None:
        """Removes the mark of a list or a quotation at the start of a line."""
        if position + 1 == len(text) and not is_all:
            return None
        if text[position + 1 : position + 2].isspace() or text[position] == ">":
            self.removed.add("markup")
            return "", position + 1, False
        return text[position], position + 1, False

    def _underscore(self, text: str, position: int, *, is_all: bool) -> tuple[str, int, bool] | None:
        """A single underscore remains inside a word."""
        if position + 1 == len(text) and not is_all:
            return None
        is_inside = _WORD.match(self._last) and _WORD.match(text[position + 1 : position + 2])
        if is_inside and not self._is_stressed:
            return "_", position + 1, False
        self._is_stressed = not self._is_stressed and not _WORD.match(self._last)
        self.removed.add("markup")
        return "", position + 1, False

    def _strike(self) -> str:
        """Two tildes strike out words, but after a word they are a friendly ending."""
        if self._is_struck or not _WORD.match(self._last):
            self._is_struck = not self._is_struck
            return ""
        return "~"

    def _plain(self, text: str) -> str:
        for patterns, replacement in ((_PLAIN, ""), (_BLANK, " ")):
            for name, pattern in patterns:
                cleaned = pattern.sub(replacement, text)
                if cleaned != text:
                    self.removed.add(name)
                    text = cleaned
        text = without_tags(unicodedata.normalize("NFC", text))
        if self._last == "<" and _TAG_START.match(f"<{text[:1]}"):
            text = f" {text}"
        self._pass(text)
        return text

    def _pass(self, text: str) -> None:
        """Updates the position in the line."""
        if text:
            self._last = text[-1]
            line = text.rpartition("\n")
            self._is_line_start = not line[2].strip() and (bool(line[1]) or self._is_line_start)


def without_tags(text: str) -> str:
    """The text in which nothing can be read as an HTML tag."""
    return _TAG_START.sub("< ", text)


def cleaned(text: str) -> tuple[str, set[str]]:
    """The cleaned text, and the names of the corrections."""
    cleaner = Cleaner()
    return cleaner.push(text) + cleaner.finish(), cleaner.removed
