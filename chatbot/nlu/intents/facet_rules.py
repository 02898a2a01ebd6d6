"""Finds the facets that a message requests: easier, shorter, with children … "Too hard" requests the opposite."""

from chatbot.nlu.facets import FACETS, Facet
from chatbot.nlu.intents.parsing import ParsedMessage
from chatbot.nlu.intents.understanding import Reason
from chatbot.nlu.patterns import Span

_THINGS = frozenset(
    {"거", "것", "걸", "챌린지", "미션", "게", "건", "버전", "활동", "challenge", "challenges", "one", "ones"}
)


def facets_in(parsed: ParsedMessage, *, besides: frozenset[int]) -> tuple[tuple[str, ...], tuple[Reason, ...]]:
    """The keys of the requested facets in the order of their table, and their reasons.

    ``besides`` are the positions of morphemes that belong to something else.
    """
    found: dict[str, str] = {}
    for key, patterns in parsed.lexicon.facets.items():
        for span in parsed.each(patterns):
            meant = "" if span.start in besides else _meant(FACETS[key], span, parsed)
            if meant:
                found.setdefault(meant, parsed.surface(span))
    reasons: tuple[Reason, ...] = tuple(
        {"code": "facet", "facet": facet, "words": [words]} for facet, words in found.items()
    )
    return tuple(found), reasons


def _meant(facet: Facet, span: Span, parsed: ParsedMessage) -> str:
    """The key of the facet. If the clause negates it, the key of its opposite; "" if it has none."""
    if facet.turned_by == "nothing":
        return facet.key
    clause, words = parsed.clause_of(span.start), parsed.lexicon.words
    less = parsed.morphemes[max(clause.start, span.start - 2) : span.start]
    turned = any(one.form in words["facet_rules.less"] and one.tag in {"MAG", "SL"} for one in less)
    turned = turned or parsed.has("facet_rules.not", Span(span.end, clause.end))
    beginner = parsed.morphemes[span.start].form in words["facet_rules.beginner"]  # 초보예요 is no complaint
    if not turned and not beginner and facet.turned_by == "complaint":
        turned = _is_complaint(span, clause, parsed)
    if not turned and facet.turned_by == "too_much":  # 너무 짧아 is a complaint, 짧아 is not
        too = parsed.has("facet_rules.too", Span(clause.start, span.start))
        measures = parsed.morphemes[span.start].form in words["facet_rules.measures"]
        turned = too and measures and _is_complaint(span, clause, parsed)
    return facet.opposite if turned else facet.key


def _is_complaint(span: Span, clause: Span, parsed: ParsedMessage) -> bool:
    """Whether the clause complains (너무 어려워, 어려운데). 어려운 거 and 더 어렵게 are requests."""
    morphemes = parsed.morphemes
    too = parsed.find("facet_rules.too", Span(clause.start, span.start))
    if "더" in parsed.forms(Span(clause.start, span.start)):
        return False  # 좀 더 쉬운 거 is always a request
    if too is not None and parsed.morphemes[too.start].form not in parsed.lexicon.words["facet_rules.rather"]:
        return True
    ending = next((one for one in morphemes[span.end : clause.end + 1] if one.tag[0] == "E"), None)
    if ending is None:
        return False
    if ending.tag == "ETM":
        thing = next((one for one in morphemes[span.end + 1 : span.end + 2]), None)
        if thing is None or thing.form not in _THINGS:
            return False
        rest = {one.form for one in morphemes[span.end + 2 : span.end + 4]}
        return bool(rest & {"같", "아니"})
    return ending.tag == "EF" or ending.form in parsed.lexicon.words["facet_rules.complaint"]
