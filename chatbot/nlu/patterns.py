"""Patterns of morphemes in TOML files. ``intents/lexicon.toml`` explains the notation."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chatbot.nlu.morphemes import Morpheme

LONGEST_GAP = 6
_SKIPPED_TAGS = frozenset(
    {"EC", "ETM", "ETN", "EP", "XSN", "XSV", "XSA", "XSM", "VX", "VCP", "SP", "SW", "W_EMOJI", "IC"}
)
_SKIPPED_WORDS = frozenset(
    {"좀", "더", "다시", "한번", "막", "그냥", "이제", "제발", "너무", "진짜", "혹시", "조금", "너무너무", "정말"}
)
_ENDS = frozenset({"EF", "SF"})
_ANYWHERE = frozenset({"SF", "EF", "SS", "SSO", "SSC", "SE", "SO", "IC"})


class Span(NamedTuple):
    """A range of morphemes from ``start`` to ``end``, without ``end``."""

    start: int
    end: int


class _Stem(NamedTuple):
    forms: Mapping[str, frozenset[str]]
    """The tags of each stem; none means any tag."""
    tags: frozenset[str]

    def takes(self, morpheme: Morpheme) -> bool:
        tags = self.forms.get(morpheme.form)
        return morpheme.tag in self.tags or (tags is not None and (not tags or morpheme.tag in tags))


class _Gap:
    """Any morphemes of the same sentence, at most LONGEST_GAP."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequence of slots."""

    slots: tuple[_Stem | _Gap, ...]
    opens: bool
    closes: bool

    def match(self, morphemes: Sequence[Morpheme], at: int) -> int | None:
        """The end of a match that begins with the morpheme ``at``; None if there is no match."""
        if self.opens and not all(_skipped(morpheme) or morpheme.tag in _ANYWHERE for morpheme in morphemes[:at]):
            return None
        end = self._match(morphemes, at, 0, LONGEST_GAP)
        if end is not None and self.closes:
            rest = morphemes[end:]
            return end if all(_skipped(morpheme) or morpheme.tag in _ANYWHERE for morpheme in rest) else None
        return end

    def _match(self, morphemes: Sequence[Morpheme], at: int, index: int, skips: int) -> int | None:
        if index == len(self.slots):
            return at
        slot = self.slots[index]
        if isinstance(slot, _Gap):
            return self._match_after_gap(morphemes, at, index + 1)
        for skipped in range(skips + 1 if index else 1):
            if at + skipped >= len(morphemes):
                return None
            if slot.takes(morphemes[at + skipped]):
                return self._match(morphemes, at + skipped + 1, index + 1, LONGEST_GAP)
            if not _skipped(morphemes[at + skipped]):
                return None
        return None

    def _match_after_gap(self, morphemes: Sequence[Morpheme], at: int, index: int) -> int | None:
        for start in range(at, min(at + 2 * LONGEST_GAP, len(morphemes)) + 1):
            end = self._match(morphemes, start, index, 0)
            if end is not None:
                return end
            if start < len(morphemes) and morphemes[start].tag in _ENDS:
                return None
        return None


def _skipped(morpheme: Morpheme) -> bool:
    tag = morpheme.tag
    if morpheme.form == "하" and tag == "VV":
        return True
    return tag in _SKIPPED_TAGS or tag[0] in "JZ" or morpheme.form in _SKIPPED_WORDS


class Patterns:
    """Patterns with one meaning, indexed by their first stem."""

    def __init__(self, patterns: Iterable[str], sets: Mapping[str, str]) -> None:
        self._by_form: dict[str, list[Pattern]] = {}
        self._by_tag: dict[str, list[Pattern]] = {}
        for text in patterns:
            pattern = compiled(text, sets)
            first = pattern.slots[0]
            assert isinstance(first, _Stem), f"a pattern cannot begin with a gap: {text}"
            for form in first.forms:
                self._by_form.setdefault(form, []).append(pattern)
            for tag in first.tags:
                self._by_tag.setdefault(tag, []).append(pattern)

    def may_match(self, forms: frozenset[str], tags: frozenset[str]) -> bool:
        """Whether a message with these stems and tags can match any pattern."""
        return not (forms.isdisjoint(self._by_form) and tags.isdisjoint(self._by_tag))

    def each(self, morphemes: Sequence[Morpheme], span: Span | None = None) -> Iterator[Span]:
        """All matches within the span in order, at most one for each start."""
        start, end = span or Span(0, len(morphemes))
        end = min(end, len(morphemes))
        within = morphemes if span is None else morphemes[:end]
        for at in range(start, end):
            morpheme = morphemes[at]
            for pattern in (*self._by_form.get(morpheme.form, ()), *self._by_tag.get(morpheme.tag, ())):
                stop = pattern.match(within, at)
                if stop is not None:
                    yield Span(at, stop)
                    break

    def first(self, morphemes: Sequence[Morpheme], span: Span | None = None) -> Span | None:
        return next(self.each(morphemes, span), None)


def compiled(text: str, sets: Mapping[str, str]) -> Pattern:
    """Parses a pattern. Raises ValueError."""
    parts = text.split()
    opens, closes = parts[:1] == ["^"], parts[-1:] == ["$"]
    parts = parts[opens : len(parts) - closes]
    slots = tuple(_Gap() if part == "~" else _stem(part, sets) for part in parts)
    if not slots:
        raise ValueError(f"a pattern without slots: {text!r}")
    return Pattern(slots, opens, closes)


def _stem(part: str, sets: Mapping[str, str]) -> _Stem:
    forms: dict[str, frozenset[str]] = {}
    tags: set[str] = set()
    for alternative in part.split("|"):
        if alternative.startswith("@"):
            stem = _stem(sets[alternative[1:]], sets)
            forms.update(stem.forms)
            tags |= stem.tags
            continue
        form, _, tag = alternative.partition("/")
        if not form:
            tags.add(tag)
        else:
            known = forms.get(form)
            forms[form] = frozenset() if not tag or known == frozenset() else (known or frozenset()) | {tag}
            if not tag and form.endswith("하") and len(form) > 2:  # kiwipiepy splits most of these: 궁금하 is 궁금 + 하
                forms.setdefault(form[:-1], frozenset())
    return _Stem(forms, frozenset(tags))
