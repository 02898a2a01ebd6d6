"""Where a message names what can be picked: by label, alias or keyword, with or without spaces, also misspelt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from challenges.catalog import Choice
from challenges.text import lookup_name
from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.intents.typos import Misspelt
from chatbot.nlu.morphemes import CONTENT_TAGS, Morpheme, MorphemeAnalyser

LONGEST_NAME = 8
"""Morphemes of a name at most."""

LONGEST_GUESS = 5
"""Morphemes of a misspelt name at most."""

_LITTLE = frozenset({"좀", "조금", "더", "한번", "막", "싹", "다"})
"""Adverbs that may stand inside a name of several words: 쓰레기 좀 줄이기."""

_NOUNS = frozenset({"NNG", "NNP", "NR", "XR", "SL", "SN", "UN", "XPN", "XSN", "MM", "NNB"})
_COMPOUND_ENDS = frozenset(
    [
        "세",
        "료",
        "비",
        "값",
        "길",
        "로",
        "역",
        "관",
        "집",
        "점",
        "국",
        "통",
        "함",
        "기",
        "방",
        "실",
        "류",
        "용",
        "지",
        "님",
        "백",
        "병",
        "컵",
        "요금",
        "식당",
        "요리",
        "반찬",
        "찌개",
        "전골",
        "볶음",
        "용품",
        "가방",
        "화",
        "복",
    ]
)


class By(StrEnum):
    """What a mention was known by. A name beats a keyword."""

    NAME = "name"
    TYPO = "typo"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Mention:
    """``key`` is named by the morphemes of ``span``; ``words`` is what was written."""

    key: str
    by: By
    span: Span
    words: str


class Names:
    """The names of one kind of choices: of the categories, the locations or the work types."""

    def __init__(self, choices: Iterable[Choice], analyser: MorphemeAnalyser) -> None:
        self._written: dict[str, tuple[str, By]] = {}
        self._stems: dict[tuple[str, ...], tuple[str, By]] = {}
        self._emoji: dict[str, str] = {}
        listed = list(choices)
        named = [
            (name, choice.key, by)
            for by in (By.NAME, By.KEYWORD)  # one category's keyword never hides another's name
            for choice in listed
            for name in ((choice.key, choice.label, *choice.aliases) if by is By.NAME else choice.keywords)
        ]
        analysed = analyser.analyse([name for name, _, _ in named])
        for (name, key, by), morphemes in zip(named, analysed, strict=True):
            self._add(name, key, by, morphemes)
        for choice in listed:
            self._emoji.setdefault(choice.emoji.strip("\ufe0f"), choice.key)
        self._initials = {written[0] for written in self._written}
        self._misspelt = Misspelt(written for written, (_, by) in self._written.items() if by is By.NAME)

    def _add(self, name: str, key: str, by: By, morphemes: Iterable[Morpheme]) -> None:
        written = _squashed(name)
        if not written:
            return
        self._written.setdefault(written, (key, by))
        stems = tuple(_stem(morpheme) for morpheme in morphemes if morpheme.tag in CONTENT_TAGS)
        if len(stems) > 1:
            self._stems.setdefault(stems, (key, by))

    def mentions(self, reading: Reading, *, misspelt: bool = True) -> list[Mention]:
        """Every mention in its order; of those that overlap, the longest. ``misspelt`` ones too, if wished."""
        found: list[Mention] = []
        at = 0
        while at < len(reading.morphemes):
            mention = self._written_at(reading, at) or self._stems_at(reading, at) or self._compound_at(reading, at)
            if mention is not None:
                found.append(mention)
                at = mention.span.end
            else:
                at += 1
        for guess in self._misspelt_in(reading, {mention.span for mention in found}) if misspelt else ():
            found = [mention for mention in found if not _overlap(mention.span, guess.span)]
            found.append(guess)
        return sorted(found, key=lambda mention: mention.span)

    def emoji(self, reading: Reading) -> Mention | None:
        """What a message of emoji alone names."""
        for at, morpheme in enumerate(reading.morphemes):
            key = self._emoji.get(morpheme.form.strip("\ufe0f"))
            if key is not None and morpheme.form:
                return Mention(key, By.KEYWORD, Span(at, at + 1), morpheme.form)
        return None

    def _written_at(self, reading: Reading, at: int) -> Mention | None:
        morphemes = reading.morphemes
        if lookup_name(reading.text[morphemes[at].start : morphemes[at].start + 1]) not in self._initials:
            return None
        for end in range(min(at + LONGEST_NAME, len(morphemes)), at, -1):
            span = Span(at, end)
            if morphemes[end - 1].tag[0] not in "NXSMUVI" or (end < len(morphemes) and _splits(morphemes, end)):
                continue
            found = self._written.get(_squashed(reading.surface(span)))
            if found is not None and not _is_part_of_a_word(morphemes, span):
                return Mention(*found, span, reading.surface(span))
        return None

    def _stems_at(self, reading: Reading, at: int) -> Mention | None:
        """Names of several words match whatever particles and endings stand between: 쓰레기를 줄이고 싶어."""
        stems: list[str] = []
        best: Mention | None = None
        for end in range(at, min(at + 2 * LONGEST_NAME, len(reading.morphemes))):
            morpheme = reading.morphemes[end]
            if morpheme.form in _LITTLE and stems:
                continue
            if morpheme.tag in CONTENT_TAGS:
                stems.append(_stem(morpheme))
            elif not stems or morpheme.tag in {"EF", "SF"}:
                break
            found = self._stems.get(tuple(stems))
            if found is not None:
                span = Span(at, end + 1)
                best = Mention(*found, span, reading.surface(span))
        return best

    def _compound_at(self, reading: Reading, at: int) -> Mention | None:
        """A noun that begins with a name and ends as compounds do: 전기세 names what 전기 names."""
        form = reading.morphemes[at].form
        if reading.morphemes[at].tag not in {"NNG", "NNP"}:
            return None
        for length in range(len(form) - 1, 1, -1):
            found = self._written.get(form[:length])
            if found is not None and form[length:] in _COMPOUND_ENDS:
                return Mention(found[0], By.KEYWORD, Span(at, at + 1), form)
        return None

    def _misspelt_in(self, reading: Reading, found: set[Span]) -> Iterator[Mention]:
        at = 0
        while at < len(reading.morphemes):
            mention = self._misspelt_at(reading, at, found)
            if mention is not None:
                yield mention
            at = mention.span.end if mention is not None else at + 1

    def _misspelt_at(self, reading: Reading, at: int, found: set[Span]) -> Mention | None:
        """The longest misspelt name that begins there; it may be longer than what was ``found``, never a part of it."""
        morphemes = reading.morphemes
        end = at
        while end < len(morphemes) and end - at < LONGEST_GUESS and morphemes[end].tag in _NOUNS:
            end += 1
        for stop in range(end, at, -1):
            span = Span(at, stop)
            if any(_overlap(span, other) and stop - at <= other.end - other.start for other in found):
                continue
            guessed = any(not one.known or (stop - at > 1 and len(one.form) == 1) for one in morphemes[at:stop])
            right = self._misspelt.meant(_squashed(reading.surface(span)), guessed=guessed)
            if right is not None and not any(
                _within(other, span) and self._is(right, other, reading) for other in found
            ):
                return Mention(self._written[right][0], By.TYPO, span, reading.surface(span))
        return None

    def _is(self, name: str, span: Span, reading: Reading) -> bool:
        """Whether the span already says what ``name`` says."""
        written = self._written.get(_squashed(reading.surface(span)))
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
    """Whether two morphemes share a syllable there."""
    return morphemes[end].start < morphemes[end - 1].end


def _is_part_of_a_word(morphemes: tuple[Morpheme, ...], span: Span) -> bool:
    """Whether one syllable stands inside a longer noun: 책 in 책임자."""
    first, last = morphemes[span.start], morphemes[span.end - 1]
    if last.end - first.start > 1:
        return False
    before = morphemes[span.start - 1] if span.start else None
    after = morphemes[span.end] if span.end < len(morphemes) else None
    glued = [one for one in (before, after) if one is not None and (one.end == first.start or one.start == last.end)]
    return any(one.tag in {"XPN", "UN"} or (one.tag in {"NNG", "NNP"} and not one.known) for one in glued)
