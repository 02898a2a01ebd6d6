"""Abuse, also when it is written so that nobody finds it: 씨1발, 개.새.끼, ㅅㅂ, tlqkf.

The library korcen (1.0.3, with its English list) was measured for this on the 230 messages of
``tests/chatbot/nlu/safety/abuse.tsv``: 111 insults and 119 innocent messages that look like some, collected
together with our lists, whose figures are those of the first measurement and after it:

                    precision      recall         time per message
    korcen          0.80           0.75           0.03 ms
    our lists       0.96, 1.00     0.98, 1.00     0.12 ms
    both            0.84           1.00

It finds nothing that our lists miss, and takes "다시 발견", "임시 발급", "새끼 고양이", "Sussex" and "hello"
for insults, while 씨발 and 씨1발 pass. Its words are code: an admin could not mend it. Importing it takes 0.2 s
and 5 MB, brings better-profanity and colorama, and changes how the process writes to its terminal. It is not used.
"""

import functools
import re
from dataclasses import dataclass

from chatbot.nlu.hangul import is_syllable, latin_words, typed_in_latin
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.nlu.safety.lookalikes import JAMO_BESIDE, lookalikes, unstretched
from chatbot.nlu.safety.masking import analysed, masked, squashed
from chatbot.nlu.safety.signs import signs
from chatbot.nlu.safety.word_lists import WordLists, seeded_lists

LONGEST_FILLING = 3
"""Characters that are no letters (spaces, digits, marks) which may stand between two letters of a word."""

_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "@": "a", "$": "s", "!": "i"})
_SINGLE = re.compile("[ㄱ-ㅎ]+")
_FILLING = rf"[^가-힣ㄱ-ㅣa-z]{{0,{LONGEST_FILLING}}}"


@dataclass(frozen=True)
class _Search:
    """The abuse list as three patterns: Korean words as they are listed, Korean words disguised, and Latin ones that
    stand alone."""

    words: dict[str, str]
    korean: re.Pattern[str] | None
    disguised: re.Pattern[str] | None
    latin: re.Pattern[str] | None

    def listed(self, found: str) -> str:
        """The listed word that was found, in whatever way it was written."""
        for written in (found, "".join(found.split()), "".join(filter(str.isalpha, found))):
            if written in self.words:
                return self.words[written]
        return found


@functools.lru_cache(maxsize=2)
def _search(listed: tuple[str, ...]) -> _Search:
    words = {squashed(word): word for word in listed if squashed(word)}
    korean = [_filled(word) for word in words if not word.isascii()]
    disguised = list(filter(None, (lookalikes(word, _FILLING) for word in words)))
    latin = [r"[^a-z]+".join(map(re.escape, word.casefold().split())) for word in listed if word.isascii()]
    return _Search(words, _either(korean), _either(disguised), _either(latin, r"(?<![a-z])(?:{})(?![a-z])"))


def _filled(word: str) -> str:
    """A word as it is listed. One of single consonants counts where no others stand beside it."""
    written = _FILLING.join(map(re.escape, word))
    return written.join(JAMO_BESIDE) if _SINGLE.fullmatch(word) else written


def _either(patterns: list[str], frame: str = "(?:{})") -> re.Pattern[str] | None:
    """One pattern for all; of those that begin at the same place the longest is found."""
    return re.compile(frame.format("|".join(sorted(patterns, key=len, reverse=True)))) if patterns else None


def abuse(message: str, *, words: WordLists, analyser: MorphemeAnalyser) -> str | None:
    """The listed word that the message contains, or what else tells (``signs``), or None.

    A Korean word counts when it begins where a word or a morpheme begins (다시 발견 does not contain 시발), a Latin one
    when it stands alone.
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
    return listed or signs().abuse.find(analysed(text, analyser), text)


@functools.cache
def _seeded() -> frozenset[str]:
    return frozenset(map(squashed, seeded_lists().abuse))


def is_admins(word: str, words: WordLists) -> bool:
    """Whether an admin listed the word: it is certain, whatever else the message says."""
    return word in words.abuse and squashed(word) not in _seeded()


def is_curse(word: str) -> bool:
    """Whether the word that was found curses whatever is said around it, unless somebody only speaks of the word."""
    return signs().curse.find((), word) is not None


def is_mentioned(message: str, *, words: WordLists, analyser: MorphemeAnalyser) -> bool:
    """Whether the message speaks of a word (what it means, that somebody said it)."""
    text = masked(message, words.fine)
    return signs().mention.find(analysed(text, analyser), text) is not None


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
    """What looks like a listed word where a word begins, unless the dictionary has a longer word there."""
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
