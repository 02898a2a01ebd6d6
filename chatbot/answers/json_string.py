"""Decoding one JSON string while it comes in (RFC 8259 §7): no half escape and no lone surrogate ever gets out."""

import re
from collections.abc import Callable

STRAIGHT = '"'
CURLY = "“”„‟＂"
"""Quotes that models write instead of straight ones. A straight quote also ends such a string."""

_PLAIN = re.compile(r'[^"“”„‟＂\\\x00-\x1f\ud800-\udfff]+')
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX = frozenset("0123456789abcdefABCDEF")


class StringReader:
    """Decodes the inside of one JSON string up to its closing quote. Then it is ``closed``.

    It tolerates unescaped line breaks and tabs. An escape that is not valid in JSON is kept as text. ``ends`` gets the
    text and the position after a quote, and returns whether the quote closes the string. If it returns None, reading
    stops before the quote until more text comes. ``has_bare_quotes`` is set if a quote was not escaped.
    """

    def __init__(self, opening: str, ends: Callable[[str, int], bool | None]) -> None:
        self.closed = False
        self.has_bare_quotes = False
        self._quotes = STRAIGHT if opening == STRAIGHT else STRAIGHT + CURLY
        self._ends = ends
        self._escape = ""  # an escape that is not complete yet, from its backslash on
        self._high = ""  # a high surrogate that waits for its partner

    def read(self, text: str, position: int) -> tuple[str, int]:
        """Decodes ``text`` from ``position``. Returns the characters, and the position at which reading stopped."""
        out: list[str] = []
        while position < len(text) and not self.closed:
            character = text[position]
            if self._escape:
                position += self._read_escape(character, out)
            elif character == "\\":
                self._escape = "\\"
                position += 1
            elif character in self._quotes:
                if out:  # what comes before it may say whether it ends the string
                    break
                ends = self._ends(text, position + 1)
                if ends is None:
                    break
                self._flush_high(out)
                self.closed = ends
                self.has_bare_quotes = self.has_bare_quotes or not ends
                out.append("" if ends else character)
                position += 1
            else:
                position = self._read_plain(text, position, out)
        return "".join(out), position

    def _read_plain(self, text: str, position: int, out: list[str]) -> int:
        run = _PLAIN.match(text, position)
        if run is not None:
            self._flush_high(out)
            out.append(run[0])
            return run.end()
        code = ord(text[position])
        if text[position] in CURLY:
            self._flush_high(out)
            out.append(text[position])
        elif 0xD800 <= code <= 0xDFFF:
            self._put_unit(code, out)
        else:  # a control character: JSON forbids it, models write line breaks and tabs so
            self._flush_high(out)
            if code in (0x09, 0x0A, 0x0D):
                out.append(text[position])
        return position + 1

    def _read_escape(self, character: str, out: list[str]) -> bool:
        """Adds ``character`` to the open escape. Returns False if it does not belong to the escape."""
        if self._escape == "\\":
            if character == "u":
                self._escape = "\\u"
                return True
            self._escape = ""
            self._flush_high(out)
            if character in _ESCAPES or character in '"\\/':
                out.append(_ESCAPES.get(character, character))
                return True
            return False
        if character in _HEX:
            self._escape += character
            if len(self._escape) == 6:
                code = int(self._escape[2:], 16)
                self._escape = ""
                self._put_unit(code, out)
            return True
        self._escape = ""
        self._flush_high(out)
        out.append("\ufffd")
        return False

    def _put_unit(self, code: int, out: list[str]) -> None:
        if 0xD800 <= code <= 0xDBFF:
            self._flush_high(out)
            self._high = chr(code)
        elif 0xDC00 <= code <= 0xDFFF:
            if self._high:
                out.append((self._high + chr(code)).encode("utf-16-le", "surrogatepass").decode("utf-16-le"))
                self._high = ""
            else:
                out.append("\ufffd")
        elif code != 0:
            self._flush_high(out)
            out.append(chr(code))

    def _flush_high(self, out: list[str]) -> None:
        if self._high:
            out.append("\ufffd")
            self._high = ""
