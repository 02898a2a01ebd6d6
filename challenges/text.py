"""Text rules, mostly for Korean, that input, storage and search share. Pure functions."""

import re
import unicodedata

TITLE_LENGTH = 10
"""The maximum length of a title: Python's ``len`` after NFC."""

DESCRIPTION_LENGTH = 200

_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)")


def storable(text: str) -> str:
    """``text`` with U+FFFD in place of characters that a database refuses: NUL and lone surrogates."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")


def nfc(text: str) -> str:
    """``text`` in NFC without surrounding white space. macOS clients send NFD."""
    return unicodedata.normalize("NFC", text).strip()


def lookup_name(text: str) -> str:
    """The form in which keys, labels and aliases are compared. It ignores case, white space and width variants."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(unicodedata.normalize("NFC", folded).split())


def is_one_sentence(text: str) -> bool:
    """Whether ``text`` is one line with exactly one sentence end, at its end."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return "\n" not in text and ends == [len(text)]


_DIGITS_WITH_FINAL = "013678"  # 영 일 삼 육 칠 팔
_LATIN_WITH_FINAL = "lmnr"


def with_particle(word: str, particles: str) -> str:
    """``word`` followed by the particle that suits its last sound."""
    return word + particle(word, particles)


def particle(word: str, particles: str) -> str:
    """The particle that suits the last sound of ``word``.

    ``particles`` are both forms, the one after a consonant first (``은/는``, ``이/가``, ``을/를``, ``과/와``,
    ``으로/로``, ``이라면/라면``). ``로`` follows ㄹ as well as vowels. Closing brackets and quotation marks at the end
    of the word are ignored.
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
