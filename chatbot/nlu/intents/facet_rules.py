"""How challenges are to be: easier, shorter, with children … "Too hard" and "not hard" ask for the opposite."""

from chatbot.nlu.facets import FACETS, Facet
from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.intents.understanding import Reason

_CIRCUMSTANCES = frozenset({"NNG", "NNP", "NP", "VV", "VA", "XR", "SL", "MAG"})
_THINGS = frozenset(
    {"거", "것", "걸", "챌린지", "미션", "게", "건", "버전", "활동", "challenge", "challenges", "one", "ones"}
)


def facets_in(reading: Reading, *, besides: frozenset[int]) -> tuple[tuple[str, ...], tuple[Reason, ...]]:
    """The keys of the facets in the order of their table, each with its reason. ``besides`` are the places of
    morphemes that say something else."""
    found: dict[str, str] = {}
    for key, patterns in reading.lexicon.facets.items():
        for span in reading.each(patterns):
            meant = "" if span.start in besides else _meant(FACETS[key], span, reading)
            if meant:
                found.setdefault(meant, reading.surface(span))
    reasons: tuple[Reason, ...] = tuple(
        {"code": "facet", "facet": facet, "words": [words]} for facet, words in found.items()
    )
    return tuple(found), reasons


def suiting(reading: Reading) -> Reason | None:
    """What the challenges are to suit, when no facet names it: 새벽에 할 만한 거, 좀 더 본격적인 거, 도구 없는 거."""
    words = reading.lexicon.words
    found = reading.find("facet_rules.suiting")
    if found is not None:
        before = [one for one in reading.morphemes[: found.start] if one.tag in _CIRCUMSTANCES]
        said = [one.form for one in before if one.form not in words["request.words"]]
        if said and not words["facet_rules.purpose"] & {one.form for one in reading.morphemes}:
            return {"code": "suiting", "words": said}
    lacking = reading.find("facet_rules.lacking")
    if (
        lacking is not None
        and lacking.start
        and reading.morphemes[lacking.start - 1].tag in {"NNG", "NNP", "JX", "JKS"}
    ):
        return {"code": "quality", "words": [reading.surface(Span(max(0, lacking.start - 2), lacking.end))]}
    for span in reading.find_all("facet_rules.quality"):
        stem = reading.morphemes[max(0, span.start - 1) if reading.morphemes[span.start].tag[0] == "X" else span.start]
        if stem.form not in words["facet_rules.no_quality"] | words["request.words"]:
            return {"code": "quality", "words": [reading.surface(span)]}
    return None


def _meant(facet: Facet, span: Span, reading: Reading) -> str:
    """The facet's key, or its opposite's ("" without one) where the clause negates it."""
    if facet.turned_by == "nothing":
        return facet.key
    clause, words = reading.clause_of(span.start), reading.lexicon.words
    less = reading.morphemes[max(clause.start, span.start - 2) : span.start]
    turned = any(one.form in words["facet_rules.less"] and one.tag in {"MAG", "SL"} for one in less)
    turned = turned or reading.find("facet_rules.not", Span(span.end, clause.end)) is not None
    if not turned and facet.turned_by == "complaint":
        turned = _is_complaint(span, clause, reading)
    if not turned and facet.turned_by == "too_much":  # 너무 짧아 complains, 짧아 does not
        too = reading.find("facet_rules.too", Span(clause.start, span.start)) is not None
        measures = reading.morphemes[span.start].form in words["facet_rules.measures"]
        turned = too and measures and _is_complaint(span, clause, reading)
    return facet.opposite if turned else facet.key


def _is_complaint(span: Span, clause: Span, reading: Reading) -> bool:
    """너무 어려워 and 어려운데 complain; 어려운 거 and 더 어렵게 ask."""
    morphemes = reading.morphemes
    too = reading.find("facet_rules.too", Span(clause.start, span.start))
    if "더" in reading.forms(Span(clause.start, span.start)):
        return False  # 좀 더 쉬운 거 asks, however it goes on
    if too is not None and reading.morphemes[too.start].form not in reading.lexicon.words["facet_rules.rather"]:
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
    return ending.tag == "EF" or ending.form in {
        "어",
        "어서",
        "ㄴ데",
        "은데",
        "는데",
        "네",
        "지",
        "다",
        "어요",
        "아",
        "아서",
        "니까",
        "고",
    }
