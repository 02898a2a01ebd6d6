"""Recognises abuse, also in a disguised spelling: 씨1발, 개.새.끼, ㅅㅂ, tlqkf.

The library korcen (1.0.3, with its English list) is not used. On the 230 messages of
``tests/chatbot/nlu/safety/abuse.tsv`` its precision is 0.80 and its recall 0.75. Ours were 0.96 and 0.98 at the first
measurement. It finds no insult that our lists miss, reports "다시 발견", "새끼 고양이" and "hello" as insults, and
misses 씨발 and 씨1발. Its words are code, so an admin cannot correct them.
"""

import functools
import re
import threading
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.nlu.hangul import is_syllable, latin_words, typed_in_latin
from chatbot.nlu.morphemes import Morpheme, MorphemeAnalyser
from chatbot.nlu.patterns import Patterns, Span
from chatbot.nlu.safety.normalisation import JAMO_BESIDE, analysed, lookalikes, masked, squashed, unstretched
from chatbot.nlu.safety.word_lists import WordLists, seeded_lists

_FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class AbusePatterns:
    """Patterns of abuse. A match of ``patterns`` counts unless the message also matches ``unless``.

    ``spellings`` are compared with the letters of the message.
    """

    patterns: Patterns
    unless: Patterns
    spellings: re.Pattern[str] | None

    def find(self, morphemes: Sequence[Morpheme], text: str) -> str | None:
        """The part of ``text`` that is abuse. ``morphemes`` are those of the text."""
        spelt = self.spellings.search(text) if self.spellings is not None else None
        if spelt is not None:
            return spelt[0]
        found = self.patterns.first(morphemes)
        if found is None or self.unless.first(morphemes) is not None:
            return None
        return _surface(found, morphemes, text)


@functools.cache
def _tables() -> Mapping[str, AbusePatterns]:
    """The tables of ``abuse.toml``, which explains them."""
    tables: dict[str, Any] = tomllib.loads(_FILE.read_text("utf-8"))
    sets: dict[str, str] = tables.pop("sets")
    return {name: _patterns(table, sets) for name, table in tables.items()}


def _patterns(table: dict[str, list[str]], sets: dict[str, str]) -> AbusePatterns:
    spellings = "|".join(table.get("spellings", ()))
    return AbusePatterns(
        Patterns(table.get("patterns", []), sets),
        Patterns(table.get("not", []), sets),
        re.compile(f"(?<![가-힣])(?:{spellings})") if spellings else None,
    )


def _surface(span: Span, morphemes: Sequence[Morpheme], text: str) -> str:
    return text[morphemes[span.start].start : morphemes[span.end - 1].end]


LONGEST_FILLING = 3
"""How many characters that are not letters (spaces, digits, marks) may be between two letters of a word."""

_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "@": "a", "$": "s", "!": "i"})
_SINGLE = re.compile("[ㄱ-ㅎ]+")
_FILLING = rf"[^가-힣ㄱ-ㅣa-z]{{0,{LONGEST_FILLING}}}"


@dataclass(frozen=True)
class _Search:
    """The abuse list as three patterns: listed Korean words, disguised Korean words, and separate Latin words."""

    words: dict[str, str]
    korean: re.Pattern[str] | None
    disguised: re.Pattern[str] | None
    latin: re.Pattern[str] | None

    def listed(self, found: str) -> str:
        """The listed word for the text that was found."""
        for written in (found, "".join(found.split()), "".join(filter(str.isalpha, found))):
            if written in self.words:
                return self.words[written]
        return found


_compiling = threading.Lock()


@functools.lru_cache(maxsize=2)
def _compiled(listed: tuple[str, ...]) -> _Search:
    words = {squashed(word): word for word in listed if squashed(word)}
    korean = [_filled(word) for word in words if not word.isascii()]
    disguised = list(filter(None, (lookalikes(word, _FILLING) for word in words)))
    latin = [r"[^a-z]+".join(map(re.escape, word.casefold().split())) for word in listed if word.isascii()]
    return _Search(words, _either(korean), _either(disguised), _either(latin, r"(?<![a-z])(?:{})(?![a-z])"))


def _search(listed: tuple[str, ...]) -> _Search:
    """The patterns of the listed words. One thread compiles them, which takes a second, and the others wait."""
    with _compiling:
        return _compiled(listed)


def _filled(word: str) -> str:
    """A pattern for a listed word. A word of single consonants must not have other consonants beside it."""
    written = _FILLING.join(map(re.escape, word))
    return written.join(JAMO_BESIDE) if _SINGLE.fullmatch(word) else written


def _either(patterns: list[str], frame: str = "(?:{})") -> re.Pattern[str] | None:
    """One pattern for all. Of matches with the same start, the longest is found."""
    return re.compile(frame.format("|".join(sorted(patterns, key=len, reverse=True)))) if patterns else None


def abuse(message: str, *, words: WordLists, analyser: MorphemeAnalyser) -> str | None:
    """The listed word in the message, or a match of ``abuse.toml``, or None.

    A Korean word must begin where a word or a morpheme begins: 다시 발견 does not contain 시발. A Latin word must be
    separate.
    """
    search = _search(words.abuse)
    text = masked(message, words.fine)
    if search.latin is not None:
        for written in (text, text.translate(_LOOKALIKES), _joined_letters(text)):
            found = search.latin.search(written)
            if found is not None:
                return search.listed(found[0])
    if search.korean is None:
        return None
    typed = " ".join(filter(None, map(typed_in_latin, latin_words(text))))
    calm = unstretched(text)
    spellings = [typed, text, *([calm] if calm != text else [])]
    looks = (look(each, search, analyser) for look in (_korean, _disguised) for each in spellings if each)
    listed = next(filter(None, looks), None)
    return listed or _tables()["abuse"].find(analysed(text, analyser), text)


@functools.cache
def _seeded() -> frozenset[str]:
    return frozenset(map(squashed, seeded_lists().abuse))


def is_admins(word: str, words: WordLists) -> bool:
    """Whether an admin has listed the word. Then the message always counts as abuse."""
    return word in words.abuse and squashed(word) not in _seeded()


def is_curse(word: str) -> bool:
    """Whether the word is a curse in any context, except in a message about the word itself."""
    return _tables()["curse"].find((), word) is not None


def is_mentioned(message: str, *, words: WordLists, analyser: MorphemeAnalyser) -> bool:
    """Whether the message is only about a word, for example what it means, or that another person said it."""
    text = masked(message, words.fine)
    return _tables()["mention"].find(analysed(text, analyser), text) is not None


def _korean(text: str, search: _Search, analyser: MorphemeAnalyser) -> str | None:
    assert search.korean is not None
    starts: set[int] | None = None
    at = 0
    while (found := search.korean.search(text, at)) is not None:
        at = found.start() + 1
        if starts is None:
            starts = {morpheme.start for morpheme in analyser.morphemes(text)}
        before = text[found.start() - 1] if found.start() else " "
        begins_word = not is_syllable(before)
        split = any(character.isspace() for character in found[0])
        if begins_word or (found.start() in starts and not split):
            return search.listed(found[0])
    return None


def _disguised(text: str, search: _Search, analyser: MorphemeAnalyser) -> str | None:
    """Text that looks like a listed word at the start of a word, unless the dictionary has a longer word there."""
    if search.disguised is None:
        return None
    for found in search.disguised.finditer(text):
        written = found[0]
        before = text[found.start() - 1] if found.start() else " "
        if is_syllable(before) or not any(map(is_syllable, written)) or any(map(str.isspace, written)):
            continue
        if not any(
            one.start == found.start() and one.known and one.end - one.start > 1 for one in analysed(text, analyser)
        ):
            return written
    return None


def _joined_letters(text: str) -> str:
    """``f u c k`` and ``f.u.c.k`` as one word."""
    return re.sub(
        r"(?<![a-z])((?:[a-z][\s.\-_*]){2,}[a-z])(?![a-z])", lambda found: re.sub(r"[^a-z]", "", found[1]), text
    )
