"""Determines the role of each mention: wanted, refused, or only mentioned."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chatbot.nlu.intents.entities import EntityMatcher, MatchedBy, Mention
from chatbot.nlu.intents.parsing import ParsedMessage
from chatbot.nlu.intents.understanding import Reason
from chatbot.nlu.patterns import Span

_LINKS = frozenset({"랑", "이랑", "하고", "와", "과", "한테", "에게", "께", "처럼", "보다", "같이"})

_STATES = frozenset({"되", "관하", "대하", "위하", "맞", "어울리", "들", "생기", "남"})
"""Verbs whose ending ㄴ means the present: 비건에 관련된 거."""


class Role(StrEnum):
    """The role of a mention."""

    WANTED = "wanted"
    REFUSED = "refused"
    PAST = "past"
    OF_OTHERS = "of_others"
    MISSING = "missing"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class CategoryMentions:
    """The categories in a message.

    ``wanted`` is the key of the wanted category; "" means none. ``by`` is how it was recognised. ``refused`` are keys.
    ``reasons`` contain the role of each mention.
    """

    wanted: str = ""
    by: MatchedBy = MatchedBy.NAME
    refused: frozenset[str] = frozenset()
    mentions: Sequence[tuple[Mention, Role]] = ()
    reasons: tuple[Reason, ...] = field(default=())


def resolve_categories(mentions: Sequence[Mention], parsed: ParsedMessage, *, current: str) -> CategoryMentions:
    """Determines the wanted category: the first wanted name, else the first wanted keyword of another category."""
    roles = [
        (mention, _corrected(mention, role_of(mention, mentions, parsed), mentions, parsed)) for mention in mentions
    ]
    wanted = [mention for mention, role in roles if role is Role.WANTED]
    refused = frozenset(
        mention.key for mention, role in roles if role is Role.REFUSED and mention.by is not MatchedBy.KEYWORD
    )
    wanted = [mention for mention in wanted if mention.key not in refused]
    named = [mention for mention in wanted if mention.by is not MatchedBy.KEYWORD]
    by_keyword = [] if named or any(mention.key == current for mention in wanted) else wanted
    moved = [mention for mention in named if mention.key != current] if _compares(named, parsed) else named
    chosen = next(iter(moved or named or by_keyword), None)
    if chosen is None:
        chosen = next((mention for mention in wanted if mention.key == current), None)
    reasons = tuple(
        {"code": f"{mention.by}_{role}", "words": [mention.words], "category": mention.key} for mention, role in roles
    )
    wanted_key, by = (chosen.key, chosen.by) if chosen is not None else ("", MatchedBy.NAME)
    return CategoryMentions(wanted_key, by, refused, roles, reasons)


def role_of(mention: Mention, mentions: Sequence[Mention], parsed: ParsedMessage) -> Role:
    """The role of the mention, from its clause."""
    clause = parsed.clause_of(mention.span.start)
    after = Span(mention.span.end, clause.end)
    if _is_of_others(mention, clause, parsed):
        return Role.WANTED if _is_shared(clause, parsed) else Role.OF_OTHERS
    if _is_refused(mention, clause, after, parsed):
        return Role.REFUSED
    if _is_past(clause, after, parsed):
        return Role.WANTED if is_pointed_back_to(clause.end, parsed) else Role.PAST
    if mention.by is MatchedBy.KEYWORD and _is_missing(clause, after, parsed):
        return Role.MISSING
    if mention.by is MatchedBy.KEYWORD and is_statement(mention.span, parsed):
        return Role.TOLD
    if _is_source(mention, mentions, parsed):
        return Role.REFUSED
    return Role.WANTED


def _corrected(mention: Mention, role: Role, mentions: Sequence[Mention], parsed: ParsedMessage) -> Role:
    """Corrects the role of a mention before a "no" that another mention follows: 채식? 아니 줍깅으로."""
    if role is not Role.WANTED:
        return role
    for clause in parsed.clauses:
        no = parsed.find("negation.taken_back", clause)
        if no is not None and no.start == clause.start and mention.span.end <= no.start:
            return Role.REFUSED if any(other.span.start >= no.end for other in mentions) else role
    return role


def _is_refused(mention: Mention, clause: Span, after: Span, parsed: ParsedMessage) -> bool:
    found = parsed.find("negation.after", after)
    if (
        found is not None
        and mention.by is MatchedBy.KEYWORD
        and parsed.morphemes[found.start].form in {"안", "못", "끊", "되"}
    ):
        found = None  # 에어컨 안 쓰기: the negation belongs to the keyword
    if found is not None and _was_not(found, clause, parsed):
        return False
    if found is not None:
        asked = parsed.is_asked(clause) and parsed.has("negation.unless_asked", after)
        return not asked
    before = parsed.morphemes[max(clause.start, mention.span.start - 5) : mention.span.start]
    if any(morpheme.tag == "SL" and morpheme.form in parsed.lexicon.words["negation.before"] for morpheme in before):
        return True
    return _is_refused_before(mention, clause, parsed)


def _was_not(found: Span, clause: Span, parsed: ParsedMessage) -> bool:
    """Whether the clause is about the past, and refuses nothing: 원래 채식 안 했어."""
    if parsed.morphemes[found.start].form not in {"안", "못"}:
        return False
    return any(
        parsed.morphemes[at].tag == "EP" and parsed.morphemes[at].form in {"었", "았"}
        for at in range(found.start, clause.end)
    )


def _is_refused_before(mention: Mention, clause: Span, parsed: ParsedMessage) -> bool:
    """Whether a refusal before the mention refuses it: 싫어 비건."""
    if clause.start == 0 or clause.end != len(parsed.morphemes):
        return False
    alone = parsed.find("negation.alone", Span(0, clause.start))
    rest = parsed.morphemes[mention.span.end : clause.end]
    return (
        alone is not None
        and alone.start == 0
        and mention.span.start == clause.start
        and all(morpheme.tag in {"JX", "SF"} for morpheme in rest)
    )


def _is_of_others(mention: Mention, clause: Span, parsed: ParsedMessage) -> bool:
    """Whether the mention is about other people: 친구가 비건인데, 비건인 친구."""
    morphemes, people = parsed.morphemes, parsed.lexicon.words["mention.people"]
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


def _is_shared(clause: Span, parsed: ParsedMessage) -> bool:
    """Whether the person wants the same as others: 동료가 플로깅 한다던데 나도 해볼까."""
    return parsed.find("mention.me_too", Span(clause.end, len(parsed.morphemes))) is not None


def _is_past(clause: Span, after: Span, parsed: ParsedMessage) -> bool:
    if not parsed.has("mention.past", after) and not _ends_as_past(clause, parsed):
        before = parsed.morphemes[clause.start : after.start]
        words = parsed.lexicon.words
        if not any(one.tag == "SL" and one.form in {"tried", "did", "used"} for one in before) or not words:
            return False
    return not parsed.has("mention.wish", Span(clause.start, clause.end))


def _ends_as_past(clause: Span, parsed: ParsedMessage) -> bool:
    """Whether the clause ends with a verb in the past with the ending ㄴ: 플로깅 한 거."""
    end = next((at for at in range(clause.end - 1, clause.start, -1) if parsed.morphemes[at].tag == "ETM"), None)
    if end is None or parsed.morphemes[end].form not in {"ㄴ", "은"}:
        return False
    verb = parsed.morphemes[end - 1]
    return (verb.tag in {"VV", "XSV"} and verb.form not in _STATES) or verb.form == "보"


def _is_missing(clause: Span, after: Span, parsed: ParsedMessage) -> bool:
    """Whether the person does not have the thing, and does not request it: 텀블러가 없어."""
    said = any(parsed.morphemes[at].form == "없" for at in range(*after))
    return said and not parsed.is_asked(clause)


def _is_source(mention: Mention, mentions: Sequence[Mention], parsed: ParsedMessage) -> bool:
    """Whether the mention is the start of a change: 비건에서 플로깅으로."""
    at = mention.span.end
    if at >= len(parsed.morphemes) or parsed.morphemes[at].form not in {"에서", "보다"}:
        return False
    later = [other for other in mentions if other.span.start >= at and other.key != mention.key]
    return any(
        other.span.end < len(parsed.morphemes)
        and parsed.morphemes[other.span.end].form in {"으로", "로", "루", "이", "가"}
        for other in later
    )


def _compares(named: Sequence[Mention], parsed: ParsedMessage) -> bool:
    """Whether the current category is only mentioned before a change: 지금 플로깅인데 비건으로."""
    return any(
        mention.span.end < len(parsed.morphemes) and parsed.morphemes[mention.span.end].form in {"으로", "로", "루"}
        for mention in named[1:]
    )


_MARKS = frozenset({"SF", "SW", "SP", "SS", "SE", "SO", "JX", "IC", "W_EMOJI"})


def is_statement(span: Span, parsed: ParsedMessage) -> bool:
    """Whether the sentence of ``span`` is a statement, and the message has no question or wish.

    A fragment (자전거 타는 거, 에어컨 덜 쓰기) is not a statement.
    """
    if parsed.has("telling.wish") or any(map(parsed.is_asked, parsed.clauses)):
        return False
    last = _last_of_sentence(span.end, parsed)
    if last < span.end:
        return False
    ending = parsed.morphemes[last]
    if ending.form == "중":
        return True
    merely_named = ending.form == "요" and parsed.morphemes[last - 1].tag == "VCP"
    return ending.tag in {"EF", "EC"} and not merely_named


def is_pointed_back_to(after: int, parsed: ParsedMessage) -> bool:
    """Whether a wish after position ``after`` refers to an earlier mention: … 좋더라 그걸로 해줘."""
    rest = Span(after, len(parsed.morphemes))
    found = parsed.find("telling.this_one", rest)
    if found is None:
        return False
    return not parsed.has("negation.after", Span(found.end, len(parsed.morphemes)))


def _last_of_sentence(start: int, parsed: ParsedMessage) -> int:
    """The position of the sentence's last meaningful morpheme; ``start`` - 1 if there is none."""
    morphemes = parsed.morphemes
    end = start
    while end < len(morphemes) and morphemes[end].tag not in {"SF", "EF"}:
        end += 1
    if end < len(morphemes) and morphemes[end].tag == "EF":
        return end
    while end > start and morphemes[end - 1].tag in _MARKS:
        end -= 1
    return end - 1


def stated_option(matcher: EntityMatcher, parsed: ParsedMessage, *, work: bool) -> Mention | None:
    """The location (or the work type) that the person states as their own, or for which challenges should suit."""
    mentions = [mention for mention in matcher.mentions(parsed, misspelt=False) if mention.by is MatchedBy.NAME]
    return next((one for one in mentions if _is_meant(one, mentions, parsed, work=work)), None)


def _is_meant(mention: Mention, mentions: list[Mention], parsed: ParsedMessage, *, work: bool) -> bool:
    if role_of(mention, mentions, parsed) is not Role.WANTED:
        return False
    if mention.words.isascii():
        before = parsed.morphemes[mention.span.start - 1].form if mention.span.start else ""
        return not work or (len(parsed.morphemes) > 1 and before != "at")
    following = parsed.morphemes[mention.span.end : mention.span.end + 1]
    if not following or following[0].tag == "SF":
        return len(parsed.morphemes) - len(following) <= 2
    allowed = parsed.lexicon.words["stated.work_type" if work else "stated.location"]
    return following[0].form in allowed and following[0].tag != "JKS"
