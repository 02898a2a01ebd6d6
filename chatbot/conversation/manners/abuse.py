"""Abuse, also when it is written so that nobody finds it: 씨1발, 개.새.끼, ㅅㅂ, tlqkf."""

import functools
import re
from dataclasses import dataclass

from chatbot.conversation.hangul import is_syllable, latin_words, typed_in_latin
from chatbot.conversation.language import Language
from chatbot.conversation.manners.masking import masked, squashed
from chatbot.conversation.manners.word_lists import WordLists

LONGEST_FILLING = 3
"""Characters that are no letters (spaces, digits, marks) which may stand between two letters of a word."""

_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "@": "a", "$": "s", "!": "i"})
_FILLING = rf"[^가-힣ㄱ-ㅣa-z]{{0,{LONGEST_FILLING}}}"


@dataclass(frozen=True)
class _Search:
    """The abuse list as two patterns: Korean words, and Latin ones that stand alone."""

    words: dict[str, str]
    korean: re.Pattern[str] | None
    latin: re.Pattern[str] | None


@functools.lru_cache(maxsize=2)
def _search(listed: tuple[str, ...]) -> _Search:
    words = {squashed(word): word for word in listed if squashed(word)}
    korean = [word for word in words if not word.isascii()]
    latin = [word for word in words if word.isascii()]
    return _Search(words, _either(korean, _FILLING), _either(latin, "", r"(?<![a-z])(?:{})(?![a-z])"))


def _either(words: list[str], filling: str, frame: str = "(?:{})") -> re.Pattern[str] | None:
    spelled = [
        filling.join(re.escape(character) for character in word) for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile(frame.format("|".join(spelled))) if spelled else None


def abuse(message: str, *, words: WordLists, language: Language) -> str | None:
    """The listed word that the message contains, or None.

    A Korean word counts when it begins where a word or a morpheme begins (다시 발견 does not contain 시발), a Latin one
    when it stands alone.
    """
    search = _search(words.abuse)
    text = masked(message, words.fine)
    if search.latin is not None:
        for written in (text, text.translate(_LOOKALIKES), _joined_letters(text)):
            found = search.latin.search(written)
            if found is not None:
                return search.words[found[0]]
    if search.korean is None:
        return None
    typed = " ".join(filter(None, map(typed_in_latin, latin_words(text))))
    return _korean(typed, search, language) or _korean(text, search, language)


def _korean(text: str, search: _Search, language: Language) -> str | None:
    assert search.korean is not None
    starts: set[int] | None = None
    at = 0
    while (found := search.korean.search(text, at)) is not None:
        at = found.start() + 1
        if starts is None:
            starts = {morpheme.start for morpheme in language.morphemes(text)}
        before = text[found.start() - 1] if found.start() else " "
        begins_word = not is_syllable(before)
        split = any(character.isspace() for character in found[0])
        if begins_word or (found.start() in starts and not split):
            letters = "".join(character for character in found[0] if character in "".join(search.words))
            return search.words.get(letters, found[0])
    return None


def _joined_letters(text: str) -> str:
    """``f u c k`` and ``f.u.c.k`` as one word."""
    return re.sub(
        r"(?<![a-z])((?:[a-z][\s.\-_*]){2,}[a-z])(?![a-z])", lambda found: re.sub(r"[^a-z]", "", found[1]), text
    )
