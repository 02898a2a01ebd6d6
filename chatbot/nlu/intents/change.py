"""Rules for messages that want another category, the first one, any other, or other challenges of the same one."""

from chatbot.models import Intent
from chatbot.nlu.intents.entities import MatchedBy
from chatbot.nlu.intents.evidence import Evidence
from chatbot.nlu.intents.mention_roles import Role
from chatbot.nlu.intents.understanding import Understanding


def back(evidence: Evidence) -> Understanding | None:
    """BACK to the category that was picked first."""
    parsed, base = evidence.parsed, evidence.turn.memory.base_category
    found = parsed.find("back.patterns")
    if found is None or parsed.has("back.not"):
        return None
    wanted = evidence.categories.wanted
    if wanted and wanted != base and evidence.categories.by is not MatchedBy.KEYWORD:
        return None
    negated = parsed.find("negation.after", parsed.clause_of(found.end - 1)._replace(start=found.end))
    if negated is not None and not wanted:
        return None
    return evidence.conclude(Intent.BACK, {"code": "back", "words": [parsed.surface(found)]}, category=base)


def change(evidence: Evidence) -> Understanding | None:
    """CHANGE to the category that is wanted, when it is not the current one."""
    categories, current = evidence.categories, evidence.turn.memory.category
    if not categories.wanted or categories.wanted == current or _is_only_praised(evidence):
        return None
    return evidence.conclude(Intent.CHANGE, category=categories.wanted, avoid=categories.refused)


def any_other(evidence: Evidence) -> Understanding | None:
    """ANY other category: the person wants another subject, or refuses the current one."""
    current, categories = evidence.turn.memory.category, evidence.categories
    if current in categories.refused and not categories.wanted:
        return evidence.conclude(Intent.ANY, {"code": "current_refused", "words": []}, avoid=categories.refused)
    if categories.wanted and categories.wanted == current and evidence.notices("any.sure"):
        return evidence.conclude(Intent.ANY, avoid=categories.refused | {current})
    if categories.wanted or _stays(evidence):
        return None
    if not _is_refused(evidence) and evidence.notices("any.patterns"):
        return evidence.conclude(Intent.ANY, avoid=categories.refused)
    return None


def another(evidence: Evidence) -> Understanding | None:
    """OTHER challenges of the same category."""
    if not evidence.notices("other.patterns"):
        return None
    if (evidence.facets and not evidence.parsed.has("other.sure")) or _is_refused(evidence):
        evidence.reasons.pop()
        return None
    return evidence.conclude(Intent.OTHER, avoid=evidence.categories.refused)


def _is_refused(evidence: Evidence) -> bool:
    """Whether other challenges are refused: 다른 건 필요 없고."""
    parsed = evidence.parsed
    found = parsed.find("other.new")
    if found is None:
        return False
    clause = parsed.clause_of(found.end - 1)
    refused = parsed.find("negation.after", clause._replace(start=found.end))
    return refused is not None and not parsed.is_asked(clause)


def _stays(evidence: Evidence) -> bool:
    """Whether the message mentions the current category without refusing it: 이 주제에서 쉬운 거."""
    staying = evidence.parsed.find("any.staying")
    if staying is None:
        return False
    rest = evidence.parsed.clause_of(staying.end - 1)._replace(start=staying.end)
    return not evidence.parsed.has("negation.after", rest)


def _is_only_praised(evidence: Evidence) -> bool:
    """Whether a keyword is only praised (앱 좋네요), which is not a wish."""
    if (
        evidence.categories.by is not MatchedBy.KEYWORD
        or evidence.wants_challenges()
        or evidence.parsed.has("telling.wish")
    ):
        return False
    wanted = [mention for mention, role in evidence.categories.mentions if role is Role.WANTED]
    clause = evidence.parsed.clause_of(wanted[0].span.start)
    return evidence.parsed.has("thanks.words", clause._replace(start=wanted[0].span.end))
