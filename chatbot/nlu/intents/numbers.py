"""Which of the shown challenges is meant: by its number, its place or the words of its title."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.answers.schema import Challenge
from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.morphemes import CONTENT_TAGS, MorphemeAnalyser, content_words

_NATIVE = ("한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열")
_ORDINALS = ("첫", *_NATIVE[1:])
_SINO = ("일", "이", "삼", "사", "오", "육", "칠", "팔", "구", "십")
_PLACES = ("explain.top", "explain.second", "explain.third")
_COUNTERS = frozenset({"번", "nd", "st", "rd", "번지"})
_PERIODS = frozenset({"하루", "일주일", "주", "매일", "한달", "달", "날", "주일", "년", "시간"})

LAST = -1
NONE = 10_000
"""What "number 0" counts."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A number as it was said: from 0, or LAST."""

    number: int
    span: Span


def counted(reading: Reading) -> Counted | None:
    """The first number that counts challenges (2번, 두 번째, 둘째, 마지막, ②); quantities and times do not."""
    last = reading.find("explain.last")
    candidates = [Counted(LAST, last)] if last is not None and _form(reading, last.end) not in {"으로", "로"} else []
    for number, place in enumerate(_PLACES):
        found = reading.find(place)
        if found is not None:
            candidates.append(Counted(number, found))
    for at in range(len(reading.morphemes)):
        number_at = _number_at(reading, at)
        if number_at is not None:
            candidates.append(number_at)
    return min(candidates, key=lambda one: (one.span.start, -one.span.end), default=None)


def _form(reading: Reading, at: int) -> str:
    return reading.morphemes[at].form if at < len(reading.morphemes) else ""


def _number_at(reading: Reading, at: int) -> Counted | None:
    morphemes = reading.morphemes
    form, tag = morphemes[at].form, morphemes[at].tag
    unit = morphemes[at + 1].form if at + 1 < len(morphemes) else ""
    if at and morphemes[at - 1].form in _PERIODS | {"에"} and any(one.form in _PERIODS for one in morphemes[:at]):
        return None
    span = Span(at, at + 2)
    third = morphemes[at + 2].form if at + 2 < len(morphemes) else ""
    ordinal = unit in {"번째", "번쨰", "째", "번재", "째번"} or (unit == "번" and third in {"째", "쨰", "재"})
    if ordinal and unit == "번":
        span = Span(at, at + 3)
    if form.isdecimal() and form.isascii() and len(form) < 4:
        return _numeral_at(reading, at, span if ordinal or unit in _COUNTERS else Span(at, at + 1))
    if ordinal and form in _ORDINALS:
        return Counted(_ORDINALS.index(form), span)
    if ordinal and form in _NATIVE:
        return Counted(_NATIVE.index(form), span)
    if tag == "NR" and unit == "번" and form in _SINO:
        return Counted(_SINO.index(form), span)
    return None


def _numeral_at(reading: Reading, at: int, span: Span) -> Counted | None:
    morphemes = reading.morphemes
    marks = {"SF", "SW", "SB", "SS", "SSO", "SSC"}
    alone = all(one.tag in marks for one in (*morphemes[:at], *morphemes[at + 1 :]))
    named = at > 0 and morphemes[at - 1].form in reading.lexicon.words["explain.number"]
    if alone or named or span.end > at + 1:
        return Counted(int(morphemes[at].form) - 1 if int(morphemes[at].form) else NONE, span)
    return None


@dataclass(frozen=True, slots=True)
class Titled:
    """The challenge whose title was said, ``whole`` or in part."""

    number: int
    whole: bool


def titled(
    shown: Sequence[Challenge], reading: Reading, *, besides: frozenset[str], analyser: MorphemeAnalyser
) -> Titled | None:
    """The one shown challenge whose title shares the most words with the message, or None when there is no such one.

    Words ``besides`` do not count: the names of categories are in many titles.
    """
    text = "".join(reading.text.casefold().split())
    said = {one.form for one in reading.morphemes if one.tag in CONTENT_TAGS and one.tag[0] in "NXS"} - besides
    whole, scores = [], []
    titles = analyser.analyse([challenge.title for challenge in shown]) if said else [[]] * len(shown)
    for number, (challenge, morphemes) in enumerate(zip(shown, titles, strict=True)):
        title = "".join(challenge.title.casefold().split())
        if title and title in text:
            whole.append(number)
        scores.append(len(said & set(content_words(morphemes))))
    if len(whole) == 1:
        return Titled(whole[0], whole=True)
    best = max(scores, default=0)
    return Titled(scores.index(best), whole=False) if best and scores.count(best) == 1 else None
