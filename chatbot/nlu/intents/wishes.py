"""Which of the named categories are wanted, which are not, and which are merely spoken of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chatbot.nlu.intents.names import By, Mention
from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.intents.telling import is_pointed_back_to, is_told
from chatbot.nlu.intents.understanding import Reason

_LINKS = frozenset({"랑", "이랑", "하고", "와", "과", "한테", "에게", "께", "처럼", "보다", "같이"})

_STATES = frozenset({"되", "관하", "대하", "위하", "맞", "어울리", "들", "생기", "남"})
"""Verbs whose ending ㄴ tells of now: 비건에 관련된 거."""


class Role(StrEnum):
    """What a mention is to the person."""

    WANTED = "wanted"
    REFUSED = "refused"
    PAST = "past"
    OF_OTHERS = "of_others"
    MISSING = "missing"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Wishes:
    """``wanted`` is the key of the category that is wanted, "" when none is, and ``by`` what it was known by;
    ``refused`` are keys. ``reasons`` tell the role of each mention."""

    wanted: str = ""
    by: By = By.NAME
    refused: frozenset[str] = frozenset()
    mentions: Sequence[tuple[Mention, Role]] = ()
    reasons: tuple[Reason, ...] = field(default=())


def weigh(mentions: Sequence[Mention], reading: Reading, *, current: str) -> Wishes:
    """The wish among the mentions: the earliest name, else the earliest keyword of another category."""
    roles = [
        (mention, _corrected(mention, role_of(mention, mentions, reading), mentions, reading)) for mention in mentions
    ]
    wanted = [mention for mention, role in roles if role is Role.WANTED]
    refused = frozenset(mention.key for mention, role in roles if role is Role.REFUSED and mention.by is not By.KEYWORD)
    wanted = [mention for mention in wanted if mention.key not in refused]
    named = [mention for mention in wanted if mention.by is not By.KEYWORD]
    by_keyword = [] if named or any(mention.key == current for mention in wanted) else wanted
    moved = [mention for mention in named if mention.key != current] if _compares(named, reading) else named
    chosen = next(iter(moved or named or by_keyword), None)
    if chosen is None and any(mention.key == current for mention in wanted):
        chosen = next(mention for mention in wanted if mention.key == current)
    reasons = tuple(
        {"code": f"{mention.by}_{role}", "words": [mention.words], "category": mention.key} for mention, role in roles
    )
    if chosen is None:
        return Wishes("", By.NAME, refused, roles, reasons)
    return Wishes(chosen.key, chosen.by, refused, roles, reasons)


def role_of(mention: Mention, mentions: Sequence[Mention], reading: Reading) -> Role:
    """What the mention is to the person, decided in its clause."""
    clause = reading.clause_of(mention.span.start)
    after = Span(mention.span.end, clause.end)
    if _is_of_others(mention, clause, reading):
        return Role.WANTED if _is_shared(clause, reading) else Role.OF_OTHERS
    if _is_refused(mention, clause, after, reading):
        return Role.REFUSED
    if _is_past(clause, after, reading):
        return Role.WANTED if is_pointed_back_to(clause.end, reading) else Role.PAST
    if mention.by is By.KEYWORD and _is_missing(clause, after, reading):
        return Role.MISSING
    if mention.by is By.KEYWORD and is_told(mention.span, reading):
        return Role.TOLD
    if _is_source(mention, mentions, reading):
        return Role.REFUSED
    return Role.WANTED


def _corrected(mention: Mention, role: Role, mentions: Sequence[Mention], reading: Reading) -> Role:
    """채식? 아니 줍깅으로: what stands before a "no" is taken back when something else follows it."""
    if role is not Role.WANTED:
        return role
    for clause in reading.clauses:
        no = reading.find("negation.taken_back", clause)
        if no is not None and no.start == clause.start and mention.span.end <= no.start:
            return Role.REFUSED if any(other.span.start >= no.end for other in mentions) else role
    return role


def _is_refused(mention: Mention, clause: Span, after: Span, reading: Reading) -> bool:
    found = reading.find("negation.after", after)
    if (
        found is not None
        and mention.by is By.KEYWORD
        and reading.morphemes[found.start].form in {"안", "못", "끊", "되"}
    ):
        found = None  # 에어컨 안 쓰기 speaks of the keyword
    if found is not None and _was_not(found, clause, reading):
        return False
    if found is not None:
        asked = reading.is_asked(clause) and reading.find("negation.unless_asked", after) is not None
        return not asked
    before = reading.morphemes[max(clause.start, mention.span.start - 5) : mention.span.start]
    if any(morpheme.tag == "SL" and morpheme.form in reading.lexicon.words["negation.before"] for morpheme in before):
        return True
    return _is_refused_before(mention, clause, reading)


def _was_not(found: Span, clause: Span, reading: Reading) -> bool:
    """원래 채식 안 했어 tells of the past; it refuses nothing."""
    if reading.morphemes[found.start].form not in {"안", "못"}:
        return False
    return any(
        reading.morphemes[at].tag == "EP" and reading.morphemes[at].form in {"었", "았"}
        for at in range(found.start, clause.end)
    )


def _is_refused_before(mention: Mention, clause: Span, reading: Reading) -> bool:
    """Inverted: 싫어 비건."""
    if clause.start == 0 or clause.end != len(reading.morphemes):
        return False
    alone = reading.find("negation.alone", Span(0, clause.start))
    rest = reading.morphemes[mention.span.end : clause.end]
    return (
        alone is not None
        and alone.start == 0
        and mention.span.start == clause.start
        and all(morpheme.tag in {"JX", "SF"} for morpheme in rest)
    )


def _is_of_others(mention: Mention, clause: Span, reading: Reading) -> bool:
    """Whether other people are the subject (친구가 비건인데), or what the mention describes (비건인 친구)."""
    morphemes, people = reading.morphemes, reading.lexicon.words["mention.people"]
    for at in range(clause.start, clause.end):
        if morphemes[at].form not in people or morphemes[at].tag[0] not in "NS":
            continue
        following = at + 1
        while following < clause.end and morphemes[following].tag in {"XSN", "NNB"}:
            following += 1
        particle = morphemes[following] if following < clause.end else None
        if (
            particle is None
            or particle.tag in {"JKS", "JX"}
            or (particle.tag == "MAG" and particle.form not in _LINKS)
            or particle.form == "께서"
        ):
            return True
    if morphemes[clause.end - 1].tag == "ETM" and mention.span.end < clause.end:
        head = clause.end
        return head < len(morphemes) and morphemes[head].form in people
    return False


def _is_shared(clause: Span, reading: Reading) -> bool:
    """동료가 플로깅 한다던데 나도 해볼까: others began, the person wants it too."""
    return reading.find("mention.me_too", Span(clause.end, len(reading.morphemes))) is not None


def _is_past(clause: Span, after: Span, reading: Reading) -> bool:
    if reading.find("mention.past", after) is None and not _ends_as_past(clause, reading):
        before = reading.morphemes[clause.start : after.start]
        words = reading.lexicon.words
        if not any(one.tag == "SL" and one.form in {"tried", "did", "used"} for one in before) or not words:
            return False
    return reading.find("mention.wish", Span(clause.start, clause.end)) is None


def _ends_as_past(clause: Span, reading: Reading) -> bool:
    """플로깅 한 거: the ending ㄴ of a verb tells of the past."""
    end = next((at for at in range(clause.end - 1, clause.start, -1) if reading.morphemes[at].tag == "ETM"), None)
    if end is None or reading.morphemes[end].form not in {"ㄴ", "은"}:
        return False
    verb = reading.morphemes[end - 1]
    return (verb.tag in {"VV", "XSV"} and verb.form not in _STATES) or verb.form == "보"


def _is_missing(clause: Span, after: Span, reading: Reading) -> bool:
    """텀블러가 없어: said of a thing, unless it is asked for."""
    said = any(reading.morphemes[at].form == "없" for at in range(*after))
    return said and not reading.is_asked(clause)


def _is_source(mention: Mention, mentions: Sequence[Mention], reading: Reading) -> bool:
    """비건에서 플로깅으로: where one comes from."""
    at = mention.span.end
    if at >= len(reading.morphemes) or reading.morphemes[at].form not in {"에서", "보다"}:
        return False
    later = [other for other in mentions if other.span.start >= at and other.key != mention.key]
    return any(
        other.span.end < len(reading.morphemes)
        and reading.morphemes[other.span.end].form in {"으로", "로", "루", "이", "가"}
        for other in later
    )


def _compares(named: Sequence[Mention], reading: Reading) -> bool:
    """Whether the current category is only the beginning of a change: 지금 플로깅인데 비건으로."""
    return any(
        mention.span.end < len(reading.morphemes) and reading.morphemes[mention.span.end].form in {"으로", "로", "루"}
        for mention in named[1:]
    )
