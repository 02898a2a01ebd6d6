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


_DIGITS_WITH_FINAL = "013678"  # 영 일 삼 육 칠 팔
_LATIN_WITH_FINAL = "lmnr"


def with_particle(word: str, particles: str) -> str:
    """``word`` and the particle that suits its last sound."""
    return word + particle(word, particles)


def particle(word: str, particles: str) -> str:
    """The particle that suits the last sound of ``word``: ``particles`` are both forms, the one behind a consonant
    first (``은/는``, ``이/가``, ``을/를``, ``과/와``, ``으로/로``, ``이라면/라면``).

    Behind ㄹ ``로`` follows as behind a vowel. A word
    that ends in a bracket or quotation mark is judged by what stands inside.
    """
    with_final, without = particles.split("/")
    last = word.rstrip(" '\"’”)]!?.~")[-1:].casefold()
    if "\uac00" <= last <= "\ud7a3":
        final = (ord(last) - 0xAC00) % 28
        has_final = final != 0 and not (final == 8 and with_final == "으로")
    else:
        has_final = last != "" and last in _DIGITS_WITH_FINAL + _LATIN_WITH_FINAL
        has_final = has_final and not (last in "178lr" and with_final == "으로")
    return with_final if has_final else without
