"""Names that were misspelt. Careful: a wrong guess changes somebody's category, a missed one only asks again."""

import functools
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from chatbot.nlu.hangul import is_syllable, letters

SHORTEST = 2
"""Syllables; a Latin word needs twice as many letters."""

REMEMBERED = 1024
"""Words whose answer is kept."""

_CONFUSED = str.maketrans(
    {
        **dict.fromkeys("ㄲㅋ", "ㄱ"),
        **dict.fromkeys("ㄸㅌ", "ㄷ"),
        **dict.fromkeys("ㅃㅍ", "ㅂ"),
        **dict.fromkeys("ㅉㅊ", "ㅈ"),
        "ㅆ": "ㅅ",
        **dict.fromkeys("ㅔㅖㅒ", "ㅐ"),
        **dict.fromkeys("ㅚㅞ", "ㅙ"),
    }
)
"""Letters that sound alike; taking one for the other costs nothing."""


class Misspelt:
    """Finds the name that a word was meant to be."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {_sounds(name): name for name in names if _is_long_enough(name)}
        self._sounds = list(self._names)
        self.meant = functools.lru_cache(maxsize=REMEMBERED)(self._meant)

    def _meant(self, word: str, *, guessed: bool) -> str | None:
        """The name, or None. ``guessed``: no dictionary has the word; others are only taken when they are long."""
        if not _is_long_enough(word) or (not guessed and len(word) < 4):
            return None
        sounds = _sounds(word)
        allowed = _allowed(len(sounds))
        found = process.extractOne(sounds, self._sounds, scorer=Levenshtein.distance, score_cutoff=allowed)
        if found is None or found[1] > _allowed(len(found[0])) or found[0][0] != sounds[0]:
            return None
        return self._names[found[0]]


def _sounds(word: str) -> str:
    return letters(word).translate(_CONFUSED)


def _is_long_enough(word: str) -> bool:
    return len(word) >= (SHORTEST if is_syllable(word[:1] or " ") else 2 * SHORTEST)


def _allowed(length: int) -> int:
    """Wrong letters in a word of so many."""
    return 0 if length < 7 else 1 if length < 11 else 2
