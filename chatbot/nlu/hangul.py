"""Functions for Hangul: letters of syllables, keyboard keys, and removing noise from messages."""

import re
import unicodedata

from challenges.text import storable

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

_FIRST, _LAST = 0xAC00, 0xD7A3
_KEYS = {
    **dict(zip("rRseEfaqQtTdwWczxvg", INITIALS, strict=True)),
    **dict(zip("koiOjpuPhynbml", "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅛㅜㅠㅡㅣ", strict=True)),
}
_DIPHTHONGS = {"ㅗㅏ": "ㅘ", "ㅗㅐ": "ㅙ", "ㅗㅣ": "ㅚ", "ㅜㅓ": "ㅝ", "ㅜㅔ": "ㅞ", "ㅜㅣ": "ㅟ", "ㅡㅣ": "ㅢ"}
_CLUSTERS = {
    "ㄱㅅ": "ㄳ",
    "ㄴㅈ": "ㄵ",
    "ㄴㅎ": "ㄶ",
    "ㅂㅅ": "ㅄ",
    "ㄹㄱ": "ㄺ",
    "ㄹㅁ": "ㄻ",
    "ㄹㅂ": "ㄼ",
    "ㄹㅅ": "ㄽ",
    "ㄹㅌ": "ㄾ",
    "ㄹㅍ": "ㄿ",
    "ㄹㅎ": "ㅀ",
}

HANGUL = re.compile("[가-힣ㄱ-ㅣ]")
"""A Korean letter."""

_LATIN_WORD = re.compile(r"[A-Za-z]+")
_LAUGHTER = re.compile(r"(?<![ㄱ-ㅣ])[ㅋㅎㅠㅜㅡ]{2,}(?![ㄱ-ㅣ])|(?<=[가-힣!?~.])[ㅋㅎㅠㅜ](?![ㄱ-ㅣ])")
_STRETCHED = re.compile(r"(.)\1{2,}")


def is_syllable(character: str) -> bool:
    return _FIRST <= ord(character) <= _LAST


def letters(text: str) -> str:
    """``text`` with each syllable split into its letters: 비건 → ㅂㅣㄱㅓㄴ."""
    return "".join(_letters_of(character) for character in text)


def _letters_of(character: str) -> str:
    if not is_syllable(character):
        return character
    index = ord(character) - _FIRST
    final: str = FINALS[index % 28]
    return INITIALS[index // 588] + VOWELS[index % 588 // 28] + final


def tidy(text: str) -> str:
    """``text`` in the form for the analysis.

    That is NFC without width variants, control characters and laughter, with single spaces, and no character more than
    twice in a row. Single consonants and vowels remain compatibility letters.
    """
    plain = "".join(_plain(character) for character in unicodedata.normalize("NFC", storable(text)))
    calm = _STRETCHED.sub(r"\1\1", _LAUGHTER.sub(" ", unicodedata.normalize("NFC", plain)))
    return " ".join(calm.split())


def _plain(character: str) -> str:
    if "ㄱ" <= character <= "ㆎ" or is_syllable(character):
        return character
    if unicodedata.category(character) in {"Cc", "Cf"} and character != "\u200d":
        return " " if character.isspace() else ""
    return unicodedata.normalize("NFKC", character)


def typed_in_latin(word: str) -> str:
    """``word`` as if its keys had been typed on a Korean keyboard (``tlqkf`` → 시발).

    "" unless the result is at least two complete syllables and nothing else.
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return ""
    text = _compose([_KEYS.get(key) or _KEYS[key.lower()] for key in word])
    return text if len(text) > 1 and all(map(is_syllable, text)) else ""


def _compose(keys: list[str]) -> str:
    syllables: list[str] = []
    at = 0
    while at < len(keys):
        if keys[at] not in INITIALS or at + 1 == len(keys) or keys[at + 1] not in VOWELS:
            syllables.append(keys[at])
            at += 1
            continue
        initial, vowel, at = keys[at], keys[at + 1], at + 2
        if at < len(keys) and vowel + keys[at] in _DIPHTHONGS:
            vowel, at = _DIPHTHONGS[vowel + keys[at]], at + 1
        final = ""
        for length in (2, 1):  # a consonant before a vowel belongs to the next syllable
            taken = "".join(keys[at : at + length])
            closing = _CLUSTERS.get(taken, taken if len(taken) == 1 else "")
            if closing in FINALS[1:] and not (at + length < len(keys) and keys[at + length] in VOWELS):
                final, at = closing, at + length
                break
        index = INITIALS.index(initial) * 588 + VOWELS.index(vowel) * 28 + FINALS.index(final)
        syllables.append(chr(_FIRST + index))
    return "".join(syllables)


_LOOSE_SYLLABLE = re.compile("[ㄱ-ㅎ][ㅏ-ㅛㅝ-ㅟㅢㅣ](?:[ㄱ-ㅎ](?![ㅏ-ㅣ]))?")
"""A consonant and a vowel as separate letters, with an optional final consonant. ㅠ, ㅜ and ㅡ are left out: they mean
tears."""


def joined(text: str) -> str:
    """``text`` with separate letters joined to syllables: ㄴㅏ → 나."""
    return _LOOSE_SYLLABLE.sub(lambda found: _compose(list(found[0])), text)


def latin_words(text: str) -> list[str]:
    return _LATIN_WORD.findall(text)
