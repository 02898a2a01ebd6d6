"""Listed words as people disguise them: 쉬발 for 시발, 개섀키 for 개새끼, 빙ㅅ for 병신."""

import functools
import re

from chatbot.nlu.hangul import FINALS, INITIALS, VOWELS, is_syllable

_INITIALS = {"ㄱ": "ㄱㄲㅋ", "ㄲ": "ㄲㄱㅋ", "ㅅ": "ㅅㅆ", "ㅂ": "ㅂㅃ", "ㅈ": "ㅈㅉ", "ㄷ": "ㄷㄸ"}
"""Consonants that are written for another one."""

_VOWELS = {
    "ㅏ": "ㅏㅑ",
    "ㅐ": "ㅐㅔㅒㅖ",
    "ㅔ": "ㅐㅔㅒㅖ",
    "ㅓ": "ㅓㅕ",
    "ㅕ": "ㅕㅠㅣ",
    "ㅗ": "ㅗㅛ",
    "ㅣ": "ㅣㅟㅢㅠ",
}
"""Vowels that are written for another one."""

_DRAWN = {"ㅕ": "ㅓ", "ㅑ": "ㅏ", "ㅛ": "ㅗ", "ㅠ": "ㅜ", "ㅢ": "ㅣ", "ㅟ": "ㅣ"}

JAMO_BESIDE = r"(?<![ㄱ-ㅊㅌㅍ])", r"(?![ㄱ-ㅊㅌㅍ])"
"""Single consonants are a word only where no others stand beside them: ㅅㅂㅅㅂ is none. Laughter (ㅋㅎ) may."""


def lookalikes(word: str, filling: str) -> str:
    """A pattern for the ways in which a listed word of two or more whole syllables is disguised, "" for other words.
    ``filling`` matches what may stand between two syllables.
    Some of these are words of their own, and so is no disguise at all: ask the dictionary."""
    if len(word) < 2 or not all(map(is_syllable, word)):
        return ""
    return JAMO_BESIDE[0] + filling.join(map(_alike, word)) + JAMO_BESIDE[1]


@functools.cache
def _alike(syllable: str) -> str:
    index = ord(syllable) - ord("가")
    initial, vowel, final = INITIALS[index // 588], VOWELS[index % 588 // 28], index % 28
    initials, vowels = _INITIALS.get(initial, initial), _VOWELS.get(vowel, vowel)
    if vowel == "ㅓ":
        initials = initials.replace("ㅋ", "")  # 켜져 is no 꺼져
    alike = [
        chr(ord("가") + (INITIALS.index(one) * len(VOWELS) + VOWELS.index(other)) * len(FINALS) + final)
        for one in initials
        for other in vowels
    ]
    return f"[{re.escape(''.join(alike))}{initial}]"


def unstretched(text: str) -> str:
    """``text`` without syllables that only draw out the vowel before them: 씨이바아알 → 씨발, 벼엉신 → 병신."""
    kept: list[str] = []
    for character in text:
        drawn = _drawn_out(kept[-1], character) if kept else ""
        if drawn:
            kept[-1] = drawn
        else:
            kept.append(character)
    return "".join(kept)


def _drawn_out(before: str, character: str) -> str:
    """Both syllables as one, "" when the second says something of its own."""
    if not (is_syllable(before) and is_syllable(character)):
        return ""
    first, second = ord(before) - ord("가"), ord(character) - ord("가")
    vowel, other = VOWELS[first % 588 // 28], VOWELS[second % 588 // 28]
    if first % 28 or INITIALS[second // 588] != "ㅇ" or other not in vowel + _DRAWN.get(vowel, ""):
        return ""
    return chr(ord(before) + second % 28)
