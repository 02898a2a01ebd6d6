"""Rules of text, above all Korean, that whatever takes or reads it shares. Pure functions."""

import re
import unicodedata

TITLE_LENGTH = 10
"""Characters of a title at most, after NFC, counted as Python's ``len``."""

DESCRIPTION_LENGTH = 200

_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")


def storable(text: str) -> str:
    """``text`` with U+FFFD for what no database takes: NUL and half a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def nfc(text: str) -> str:
    """``text`` in NFC with surrounding white space gone; macOS clients send NFD."""
    return unicodedata.normalize("NFC", text).strip()


def lookup_name(text: str) -> str:
    """The form in which keys, labels and aliases are compared: without case, white space and width variants."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(unicodedata.normalize("NFC", folded).split())


def is_one_sentence(text: str) -> bool:
    """Whether ``text`` is a single line that ends a sentence once, at its end."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return "\n" not in text and ends == [len(text)]
