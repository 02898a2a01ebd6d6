"""Rules for messages that ask about a shown challenge: by its number, its position or words of its title."""

from collections.abc import Sequence
from dataclasses import dataclass

from chatbot.answers.rules import Challenge
from chatbot.models import Intent
from chatbot.nlu.intents.evidence import Evidence
from chatbot.nlu.intents.parsing import ParsedMessage
from chatbot.nlu.intents.understanding import Understanding
from chatbot.nlu.morphemes import CONTENT_TAGS, MorphemeAnalyser, content_words
from chatbot.nlu.patterns import Span

_NATIVE = ("한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열")
_ORDINALS = ("첫", *_NATIVE[1:])
_SINO = ("일", "이", "삼", "사", "오", "육", "칠", "팔", "구", "십")
_PLACES = ("explain.top", "explain.second", "explain.third")
_COUNTERS = frozenset({"번", "nd", "st", "rd", "번지"})
_PERIODS = frozenset({"하루", "일주일", "주", "매일", "한달", "달", "날", "주일", "년", "시간"})

LAST = -1
NONE = 10_000
"""The index for "number 0", which no challenge has."""


@dataclass(frozen=True, slots=True)
class ChallengeNumber:
    """The index of a shown challenge that a number means: counted from 0, or LAST."""

    index: int
    span: Span


def challenge_number(parsed: ParsedMessage) -> ChallengeNumber | None:
    """The first number that counts challenges (2번, 두 번째, 둘째, 마지막, ②). Quantities and times are ignored."""
    last = parsed.find("explain.last")
    found = [ChallengeNumber(LAST, last)] if last is not None and _form(parsed, last.end) not in {"으로", "로"} else []
    found += [ChallengeNumber(n, place) for n, name in enumerate(_PLACES) if (place := parsed.find(name)) is not None]
    found += filter(None, (_number_at(parsed, at) for at in range(len(parsed.morphemes))))
    return min(found, key=lambda one: (one.span.start, -one.span.end), default=None)


def _form(parsed: ParsedMessage, at: int) -> str:
    return parsed.morphemes[at].form if at < len(parsed.morphemes) else ""


def _number_at(parsed: ParsedMessage, at: int) -> ChallengeNumber | None:
    morphemes = parsed.morphemes
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
        return _numeral_at(parsed, at, span if ordinal or unit in _COUNTERS else Span(at, at + 1))
    if ordinal and form in _ORDINALS:
        return ChallengeNumber(_ORDINALS.index(form), span)
    if ordinal and form in _NATIVE:
        return ChallengeNumber(_NATIVE.index(form), span)
    if tag == "NR" and unit == "번" and form in _SINO:
        return ChallengeNumber(_SINO.index(form), span)
    return None


def _numeral_at(parsed: ParsedMessage, at: int, span: Span) -> ChallengeNumber | None:
    morphemes = parsed.morphemes
    marks = {"SF", "SW", "SB", "SS", "SSO", "SSC"}
    alone = all(one.tag in marks for one in (*morphemes[:at], *morphemes[at + 1 :]))
    named = at > 0 and morphemes[at - 1].form in parsed.lexicon.words["explain.number"]
    if alone or named or span.end > at + 1:
        return ChallengeNumber(int(morphemes[at].form) - 1 if int(morphemes[at].form) else NONE, span)
    return None


@dataclass(frozen=True, slots=True)
class TitleMatch:
    """The challenge whose title is in the message. ``whole``: all words of the title."""

    number: int
    whole: bool


def title_match(
    shown: Sequence[Challenge], parsed: ParsedMessage, *, besides: frozenset[str], analyser: MorphemeAnalyser
) -> TitleMatch | None:
    """The shown challenge whose title has the most words in common with the message; None if there is no single one.

    Words in ``besides`` do not count: names of categories are in many titles.
    """
    text = "".join(parsed.text.casefold().split())
    said = {one.form for one in parsed.morphemes if one.tag in CONTENT_TAGS and one.tag[0] in "NXS"} - besides
    whole, scores = [], []
    titles = analyser.analyse([challenge.title for challenge in shown]) if said else [[]] * len(shown)
    for number, (challenge, morphemes) in enumerate(zip(shown, titles, strict=True)):
        title = "".join(challenge.title.casefold().split())
        if title and title in text:
            whole.append(number)
        scores.append(len(said & set(content_words(morphemes))))
    if len(whole) == 1:
        return TitleMatch(whole[0], whole=True)
    best = max(scores, default=0)
    return TitleMatch(scores.index(best), whole=False) if best and scores.count(best) == 1 else None


def explanation(evidence: Evidence) -> Understanding | None:
    """EXPLAIN a challenge that the message names by number, position or title. ASK if no challenge was shown yet."""
    number = challenge_number(evidence.parsed)
    if number is not None and not _counts_something_else(evidence, number):
        return _numbered(evidence, number)
    if not evidence.shown:
        return None
    names = frozenset(
        form for mention in evidence.mentions if mention.by != "keyword" for form in mention.words.casefold().split()
    )
    title = title_match(evidence.shown, evidence.parsed, besides=names, analyser=evidence.turn.analyser)
    if title is None or not (title.whole or evidence.parsed.has("explain.cue")):
        return None
    if evidence.parsed.has("any.patterns") or _wants_other(evidence) or _wonders(evidence):
        return None
    words = [evidence.shown[title.number].title]
    return evidence.conclude(Intent.EXPLAIN, {"code": "title", "words": words}, number=title.number)


def _wonders(evidence: Evidence) -> bool:
    """Whether the message asks what to do, and not about a challenge: 뭘 하면 좋을까?"""
    return evidence.parsed.has("explain.would")


def _numbered(evidence: Evidence, number: ChallengeNumber) -> Understanding | None:
    parsed, shown = evidence.parsed, evidence.shown
    after = Span(number.span.end, len(parsed.morphemes))
    clause = parsed.clause_of(number.span.end - 1)._replace(start=after.start)
    dropped = parsed.find("explain.drop", clause) or parsed.find("mention.past", clause)
    if dropped is not None and not parsed.has("explain.cue", after):
        return None
    if after.start < after.end and parsed.morphemes[after.start].form in parsed.lexicon.words["mention.people"]:
        return None
    if evidence.facets and not evidence.is_question() and not parsed.has("explain.cue"):
        return None
    if number.index >= len(shown) > 0 and _names_something(parsed, number.span.end):
        return None
    words = [parsed.surface(number.span)]
    if not shown:
        return evidence.conclude(Intent.ASK, {"code": "nothing_shown", "words": words})
    if number.index >= len(shown):
        return evidence.conclude(Intent.EXPLAIN, {"code": "number_unknown", "words": words})
    at = number.index if number.index >= 0 else len(shown) - 1
    return evidence.conclude(Intent.EXPLAIN, {"code": "number", "words": words}, number=at)


def _names_something(parsed: ParsedMessage, at: int) -> bool:
    """Whether the number belongs to another noun: 24번 출구."""
    following = parsed.morphemes[at : at + 1]
    return bool(following) and following[0].tag in {"NNG", "NNP"} and not parsed.has("explain.cue", Span(at, at + 1))


def _counts_something_else(evidence: Evidence, number: ChallengeNumber) -> bool:
    """Whether the number means a category, not a challenge: 첫 번째 카테고리로, 첫 번째로 돌아가."""
    rest = Span(number.span.start, len(evidence.parsed.morphemes))
    if evidence.parsed.has("explain.else", rest):
        return True
    return evidence.parsed.has("back.patterns") and not evidence.parsed.has("explain.sure")


def _wants_other(evidence: Evidence) -> bool:
    found = evidence.parsed.find("other.patterns")
    return found is not None and not evidence.parsed.has("explain.sure")
