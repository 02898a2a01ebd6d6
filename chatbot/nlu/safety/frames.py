"""Frames: patterns of what people in danger say, independent of single words (``frames.toml``)."""

import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from chatbot.nlu.morphemes import Morpheme
from chatbot.nlu.patterns import Patterns, Span

FILE = Path(__file__).with_suffix(".toml")

Subject = Literal["self", "person", "any"]

_BACK = 10
"""How many morphemes before a match are searched for its subject."""

_NOUNS = frozenset({"NNG", "NNP", "NP", "NR", "SL"})
_SUBJECT_PARTICLES = frozenset({"이", "가", "은", "는", "ㄴ", "도", "께서"})
_SENTENCE_ENDS = frozenset({"EF", "SF"})


_GROUPS = ("pills", "poison", "limb")
_CLEARING_GROUPS = ("story", "news", "animals", "plants", "devices", "goods")


@dataclass(frozen=True)
class Frame:
    """A match of ``patterns`` means ``kind`` if the subject fits and no pattern of ``unless`` matches."""

    name: str
    kind: str
    subject: Subject
    patterns: Patterns
    unless: tuple[Patterns, ...]


@dataclass(frozen=True)
class Frames:
    """All frames in order of precedence, and the nouns that mean people."""

    frames: tuple[Frame, ...]
    own: frozenset[str]
    people: frozenset[str]
    groups: Mapping[str, str]
    """The set of each noun."""
    own_hurt: Patterns
    """Patterns of an emergency that the person has caused themselves."""

    def find(self, morphemes: Sequence[Morpheme]) -> tuple[Frame, Span] | None:
        """The first frame that matches the morphemes, and the span of the match."""
        forms = frozenset(one.form for one in morphemes)
        tags = frozenset(one.tag for one in morphemes)
        for frame in self.frames:
            if not frame.patterns.may_match(forms, tags):
                continue
            for span in frame.patterns.each(morphemes):
                if self._fits(frame.subject, span, morphemes) and not _cleared(frame, morphemes):
                    return frame, span
        return None

    def filled(self, morphemes: Sequence[Morpheme]) -> Iterator[str]:
        """The names of all frames whose patterns match. A ``+`` marks those that also fit otherwise."""
        for frame in self.frames:
            span = frame.patterns.first(morphemes)
            if span is not None:
                yield frame.name
                if self._fits(frame.subject, span, morphemes) and not _cleared(frame, morphemes):
                    yield f"{frame.kind}+"

    def _fits(self, wanted: Subject, span: Span, morphemes: Sequence[Morpheme]) -> bool:
        if wanted == "any":
            return True
        noun = subject_of(span, morphemes)
        if noun is None or noun.form in self.own:
            return True
        return wanted == "person" and noun.form in self.people


def subject_of(span: Span, morphemes: Sequence[Morpheme]) -> Morpheme | None:
    """The nearest noun before the match in its sentence with a subject particle, or directly before the verb without a
    particle."""
    for at in range(span.start - 1, max(-1, span.start - 1 - _BACK), -1):
        morpheme = morphemes[at]
        if morpheme.tag in _SENTENCE_ENDS:
            return None
        if morpheme.tag in _NOUNS and _is_subject(morphemes[at + 1] if at + 1 < len(morphemes) else None):
            return morpheme
    return None


def _is_subject(following: Morpheme | None) -> bool:
    return following is not None and following.tag in {"JKS", "JX"} and following.form in _SUBJECT_PARTICLES


def _cleared(frame: Frame, morphemes: Sequence[Morpheme]) -> bool:
    return any(patterns.first(morphemes) is not None for patterns in frame.unless)


@functools.cache
def frames() -> Frames:
    """The frames, loaded once."""
    tables: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
    sets: dict[str, str] = tables["sets"]
    clearing = {name: Patterns(patterns, sets) for name, patterns in tables["clearing"].items()}
    made = tuple(_frame(table, sets, clearing) for table in tables["frame"])
    groups = {form: name for name in ("person", "self", *_GROUPS) for form in _forms(sets[name])}
    groups |= {form: name for name in _CLEARING_GROUPS for text in tables["clearing"][name] for form in _forms(text)}
    return Frames(
        made,
        _forms(sets["self"]),
        _forms(sets["person"]) | _forms(sets["beater"]),
        groups,
        Patterns(tables["own_hurt"], sets),
    )


def _frame(table: Mapping[str, Any], sets: Mapping[str, str], clearing: Mapping[str, Patterns]) -> Frame:
    unless = tuple(clearing[name] for name in table.get("unless", ()))
    return Frame(table["name"], table["kind"], table["subject"], Patterns(table["patterns"], sets), unless)


def _forms(listed: str) -> frozenset[str]:
    return frozenset(each.strip().partition("/")[0] for each in listed.split("|"))
