"""Finds names of options in a message: labels, aliases and keywords, with or without spaces, also misspelt."""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from challenges.catalog import Choice, Options
from challenges.text import lookup_name
from chatbot.nlu.hangul import is_syllable, letters
from chatbot.nlu.intents.parsing import ParsedMessage
from chatbot.nlu.morphemes import CONTENT_TAGS, Morpheme, MorphemeAnalyser
from chatbot.nlu.patterns import Span

LONGEST_NAME = 8
"""The maximum number of morphemes in a name."""

LONGEST_GUESS = 5
"""The maximum number of morphemes in a misspelt name."""

_NOUNS = frozenset({"NNG", "NNP", "NR", "XR", "SL", "SN", "UN", "XPN", "XSN", "MM", "NNB"})


class MatchedBy(StrEnum):
    """How a mention was recognised. A name takes precedence over a keyword."""

    NAME = "name"
    TYPO = "typo"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Mention:
    """A mention of the option ``key`` by the morphemes in ``span``. ``words`` is the written text."""

    key: str
    by: MatchedBy
    span: Span
    words: str


class EntityMatcher:
    """Finds the names of one kind of options: categories, locations or work types."""

    def __init__(self, choices: Iterable[Choice], analyser: MorphemeAnalyser) -> None:
        self._written: dict[str, tuple[str, MatchedBy]] = {}
        self._stems: dict[tuple[str, ...], tuple[str, MatchedBy]] = {}
        self._emoji: dict[str, str] = {}
        listed = list(choices)
        named = [
            (name, choice.key, by)
            for by in (MatchedBy.NAME, MatchedBy.KEYWORD)  # a keyword never hides the name of another category
            for choice in listed
            for name in ((choice.key, choice.label, *choice.aliases) if by is MatchedBy.NAME else choice.keywords)
        ]
        analysed = analyser.analyse([name for name, _, _ in named])
        for (name, key, by), morphemes in zip(named, analysed, strict=True):
            self._add(name, key, by, morphemes)
        for choice in listed:
            self._emoji.setdefault(choice.emoji.strip("\ufe0f"), choice.key)
        self._initials = {written[0] for written in self._written}
        self._misspellings = MisspellingMatcher(
            written for written, (_, by) in self._written.items() if by is MatchedBy.NAME
        )

    def _add(self, name: str, key: str, by: MatchedBy, morphemes: Iterable[Morpheme]) -> None:
        written = _squashed(name)
        if not written:
            return
        self._written.setdefault(written, (key, by))
        stems = tuple(_stem(morpheme) for morpheme in morphemes if morpheme.tag in CONTENT_TAGS)
        if len(stems) > 1:
            self._stems.setdefault(stems, (key, by))

    def mentions(self, parsed: ParsedMessage, *, misspelt: bool = True) -> list[Mention]:
        """All mentions in order. Of overlapping ones, only the longest. ``misspelt`` adds names with a typo."""
        found: list[Mention] = []
        at = 0
        while at < len(parsed.morphemes):
            mention = self._written_at(parsed, at) or self._stems_at(parsed, at) or self._compound_at(parsed, at)
            if mention is not None:
                found.append(mention)
                at = mention.span.end
            else:
                at += 1
        for guess in self._misspelt_in(parsed, {mention.span for mention in found}) if misspelt else ():
            found = [mention for mention in found if not _overlap(mention.span, guess.span)]
            found.append(guess)
        return sorted(found, key=lambda mention: mention.span)

    def emoji(self, parsed: ParsedMessage) -> Mention | None:
        """The option that a message of only emoji names."""
        for at, morpheme in enumerate(parsed.morphemes):
            key = self._emoji.get(morpheme.form.strip("\ufe0f"))
            if key is not None and morpheme.form:
                return Mention(key, MatchedBy.KEYWORD, Span(at, at + 1), morpheme.form)
        return None

    def _written_at(self, parsed: ParsedMessage, at: int) -> Mention | None:
        morphemes = parsed.morphemes
        if lookup_name(parsed.text[morphemes[at].start : morphemes[at].start + 1]) not in self._initials:
            return None
        for end in range(min(at + LONGEST_NAME, len(morphemes)), at, -1):
            span = Span(at, end)
            if morphemes[end - 1].tag[0] not in "NXSMUVI" or (end < len(morphemes) and _splits(morphemes, end)):
                continue
            found = self._written.get(_squashed(parsed.surface(span)))
            if found is not None and not _is_part_of_a_word(morphemes, span):
                return Mention(*found, span, parsed.surface(span))
        return None

    def _stems_at(self, parsed: ParsedMessage, at: int) -> Mention | None:
        """A name of several words. It also matches with particles and endings between them: 쓰레기를 줄이고 싶어."""
        stems: list[str] = []
        best: Mention | None = None
        inside = parsed.lexicon.words["entity.inside"]
        for end in range(at, min(at + 2 * LONGEST_NAME, len(parsed.morphemes))):
            morpheme = parsed.morphemes[end]
            if morpheme.form in inside and stems:
                continue
            if morpheme.tag in CONTENT_TAGS:
                stems.append(_stem(morpheme))
            elif not stems or morpheme.tag in {"EF", "SF"}:
                break
            found = self._stems.get(tuple(stems))
            if found is not None:
                span = Span(at, end + 1)
                best = Mention(*found, span, parsed.surface(span))
        return best

    def _compound_at(self, parsed: ParsedMessage, at: int) -> Mention | None:
        """A compound noun that begins with a name: 전기세 names the same as 전기."""
        form = parsed.morphemes[at].form
        if parsed.morphemes[at].tag not in {"NNG", "NNP"}:
            return None
        for length in range(len(form) - 1, 1, -1):
            found = self._written.get(form[:length])
            if found is not None and form[length:] in parsed.lexicon.words["entity.ends"]:
                return Mention(found[0], MatchedBy.KEYWORD, Span(at, at + 1), form)
        return None

    def _misspelt_in(self, parsed: ParsedMessage, found: set[Span]) -> Iterator[Mention]:
        at = 0
        while at < len(parsed.morphemes):
            mention = self._misspelt_at(parsed, at, found)
            if mention is not None:
                yield mention
            at = mention.span.end if mention is not None else at + 1

    def _misspelt_at(self, parsed: ParsedMessage, at: int, found: set[Span]) -> Mention | None:
        """The longest misspelt name that begins at ``at``. It may contain a mention in ``found``, but not be part of
        one."""
        morphemes = parsed.morphemes
        end = at
        while end < len(morphemes) and end - at < LONGEST_GUESS and morphemes[end].tag in _NOUNS:
            end += 1
        for stop in range(end, at, -1):
            span = Span(at, stop)
            if any(_overlap(span, other) and stop - at <= other.end - other.start for other in found):
                continue
            guessed = any(not one.known or (stop - at > 1 and len(one.form) == 1) for one in morphemes[at:stop])
            right = self._misspellings.meant(_squashed(parsed.surface(span)), guessed=guessed)
            if right is not None and not any(
                _within(other, span) and self._is(right, other, parsed) for other in found
            ):
                return Mention(self._written[right][0], MatchedBy.TYPO, span, parsed.surface(span))
        return None

    def _is(self, name: str, span: Span, parsed: ParsedMessage) -> bool:
        """Whether the span already has the text of ``name``."""
        written = self._written.get(_squashed(parsed.surface(span)))
        return written is not None and written[0] == self._written[name][0]


def _squashed(text: str) -> str:
    return lookup_name(text).replace("-", "").replace("_", "").replace("·", "")


def _stem(morpheme: Morpheme) -> str:
    return morpheme.form.casefold()


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _splits(morphemes: tuple[Morpheme, ...], end: int) -> bool:
    """Whether two morphemes share a syllable at ``end``."""
    return morphemes[end].start < morphemes[end - 1].end


def _is_part_of_a_word(morphemes: tuple[Morpheme, ...], span: Span) -> bool:
    """Whether the span is one syllable inside a longer noun: 책 in 책임자."""
    first, last = morphemes[span.start], morphemes[span.end - 1]
    if last.end - first.start > 1:
        return False
    before = morphemes[span.start - 1] if span.start else None
    after = morphemes[span.end] if span.end < len(morphemes) else None
    glued = [one for one in (before, after) if one is not None and (one.end == first.start or one.start == last.end)]
    return any(one.tag in {"XPN", "UN"} or (one.tag in {"NNG", "NNP"} and not one.known) for one in glued)


@dataclass(frozen=True, slots=True)
class EntityMatchers:
    """The matchers of all kinds of options."""

    categories: EntityMatcher
    locations: EntityMatcher
    work_types: EntityMatcher


_kept: tuple[MorphemeAnalyser, Options, EntityMatchers] | None = None


def entity_matchers(options: Options, *, analyser: MorphemeAnalyser) -> EntityMatchers:
    """The matchers of ``options``. The latest are cached, because creating them analyses each name."""
    global _kept  # noqa: PLW0603 - one immutable value, replaced as a whole
    kept = _kept
    if kept is not None and kept[0] is analyser and kept[1] is options:
        return kept[2]
    kinds = (options.categories, options.locations, options.work_types)
    made = EntityMatchers(*(EntityMatcher(choices.values(), analyser) for choices in kinds))
    _kept = (analyser, options, made)
    return made


SHORTEST = 2
"""The minimum number of syllables of a name that is searched with a typo. A Latin word needs twice as many letters."""

REMEMBERED = 1024
"""The number of words whose result is cached."""

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
"""Letters that sound alike. Replacing one by the other does not count as a mistake."""


class MisspellingMatcher:
    """Finds the name that a misspelt word probably means.

    It is cautious: a wrong guess changes the person's category, while a missed one has less effect.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {_sounds(name): name for name in names if _is_long_enough(name)}
        self._sounds = list(self._names)
        self.meant = functools.lru_cache(maxsize=REMEMBERED)(self._meant)

    def _meant(self, word: str, *, guessed: bool) -> str | None:
        """The name, or None. ``guessed``: the dictionary does not have the word. A known word is corrected only if it
        is long."""
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
    """The maximum number of wrong letters in a word of this length."""
    return 0 if length < 7 else 1 if length < 11 else 2
