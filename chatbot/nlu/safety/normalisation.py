"""Normalises a message for the search: tidies it, removes exceptions, and recognises disguised words."""

import functools
import re

from chatbot.nlu.hangul import FINALS, INITIALS, VOWELS, is_syllable, joined, tidy
from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser


def squashed(text: str) -> str:
    """``text`` in the form for comparing listed words: tidied, in lower case, without white space."""
    return "".join(tidy(text).casefold().split())


@functools.lru_cache(maxsize=4)
def masked(message: str, fine: tuple[str, ...]) -> str:
    """The tidied message in lower case with joined syllables.

    Blanks replace its exceptions, with or without spaces inside.
    """
    text = joined(tidy(message)).casefold()
    letters = [(character, at) for at, character in enumerate(text) if not character.isspace()]
    together = "".join(character for character, _ in letters)
    blanked = list(text)
    for exception in _exceptions(fine):
        start = together.find(exception) if exception else -1
        while start >= 0:
            for _, at in letters[start : start + len(exception)]:
                blanked[at] = " "
            start = together.find(exception, start + len(exception))
    return "".join(blanked)


@functools.lru_cache(maxsize=4)
def analysed(text: str, analyser: MorphemeAnalyser) -> tuple[Morpheme, ...]:
    """The morphemes of a masked message, for both danger and abuse."""
    return tuple(analyser.morphemes(text))


@functools.lru_cache(maxsize=2)
def _exceptions(fine: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(squashed, fine))


_INITIALS = {"ㄱ": "ㄱㄲㅋ", "ㄲ": "ㄲㄱㅋ", "ㅅ": "ㅅㅆ", "ㅂ": "ㅂㅃ", "ㅈ": "ㅈㅉ", "ㄷ": "ㄷㄸ"}
"""The consonants that may replace each consonant in a disguise."""

_VOWELS = {
    "ㅏ": "ㅏㅑ",
    "ㅐ": "ㅐㅔㅒㅖ",
    "ㅔ": "ㅐㅔㅒㅖ",
    "ㅓ": "ㅓㅕ",
    "ㅕ": "ㅕㅠㅣ",
    "ㅗ": "ㅗㅛ",
    "ㅣ": "ㅣㅟㅢㅠ",
}
"""The vowels that may replace each vowel in a disguise."""

_DRAWN = {"ㅕ": "ㅓ", "ㅑ": "ㅏ", "ㅛ": "ㅗ", "ㅠ": "ㅜ", "ㅢ": "ㅣ", "ㅟ": "ㅣ"}

JAMO_BESIDE = r"(?<![ㄱ-ㅊㅌㅍ])", r"(?![ㄱ-ㅊㅌㅍ])"
"""Single consonants are a word only without other consonants beside them: ㅅㅂㅅㅂ is not one. Laughter (ㅋㅎ) is
allowed."""


def lookalikes(word: str, filling: str) -> str:
    """A pattern for disguised forms of a listed word with at least two complete syllables; "" for other words.

    ``filling`` matches the characters that may be between two syllables. A word of the dictionary can match by chance,
    so callers must check the dictionary too.
    """
    if len(word) < 2 or not all(map(is_syllable, word)):
        return ""
    return JAMO_BESIDE[0] + filling.join(map(_alike, word)) + JAMO_BESIDE[1]


@functools.cache
def _alike(syllable: str) -> str:
    index = ord(syllable) - ord("가")
    initial, vowel, final = INITIALS[index // 588], VOWELS[index % 588 // 28], index % 28
    initials, vowels = _INITIALS.get(initial, initial), _VOWELS.get(vowel, vowel)
    if vowel == "ㅓ":
        initials = initials.replace("ㅋ", "")  # 켜져 is not a disguised 꺼져
    alike = [
        chr(ord("가") + (INITIALS.index(one) * len(VOWELS) + VOWELS.index(other)) * len(FINALS) + final)
        for one in initials
        for other in vowels
    ]
    return f"[{re.escape(''.join(alike))}{initial}]"


def unstretched(text: str) -> str:
    """``text`` without syllables that only lengthen the vowel before them: 씨이바아알 → 씨발, 벼엉신 → 병신."""
    kept: list[str] = []
    for character in text:
        drawn = _drawn_out(kept[-1], character) if kept else ""
        if drawn:
            kept[-1] = drawn
        else:
            kept.append(character)
    return "".join(kept)


def _drawn_out(before: str, character: str) -> str:
    """Both syllables as one; "" if the second one is more than a lengthened vowel."""
    if not (is_syllable(before) and is_syllable(character)):
        return ""
    first, second = ord(before) - ord("가"), ord(character) - ord("가")
    vowel, other = VOWELS[first % 588 // 28], VOWELS[second % 588 // 28]
    if first % 28 or INITIALS[second // 588] != "ㅇ" or other not in vowel + _DRAWN.get(vowel, ""):
        return ""
    return chr(ord(before) + second % 28)
