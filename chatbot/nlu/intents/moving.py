"""Wanting another category, the first one, any other, or something else in the same."""

from chatbot.models import Intent
from chatbot.nlu.intents.matter import Matter
from chatbot.nlu.intents.names import By
from chatbot.nlu.intents.understanding import Understanding
from chatbot.nlu.intents.wishes import Role


def back(matter: Matter) -> Understanding | None:
    """BACK to the category that was picked first."""
    reading, base = matter.reading, matter.turn.memory.base_category
    found = reading.find("back.patterns")
    if found is None or reading.find("back.not") is not None:
        return None
    wanted = matter.wishes.wanted
    if wanted and wanted != base and matter.wishes.by is not By.KEYWORD:
        return None
    negated = reading.find("negation.after", reading.clause_of(found.end - 1)._replace(start=found.end))
    if negated is not None and not wanted:
        return None
    return matter.conclude(Intent.BACK, {"code": "back", "words": [reading.surface(found)]}, category=base)


def change(matter: Matter) -> Understanding | None:
    """CHANGE to the category that is wanted, when it is not the current one."""
    wishes, current = matter.wishes, matter.turn.memory.category
    if not wishes.wanted or wishes.wanted == current or _is_only_praised(matter):
        return None
    return matter.conclude(Intent.CHANGE, category=wishes.wanted, avoid=wishes.refused)


def any_other(matter: Matter) -> Understanding | None:
    """ANY other category: another subject is asked for, or the current one is refused."""
    current, wishes = matter.turn.memory.category, matter.wishes
    if current in wishes.refused and not wishes.wanted:
        return matter.conclude(Intent.ANY, {"code": "current_refused", "words": []}, avoid=wishes.refused)
    if wishes.wanted and wishes.wanted == current and matter.says("any.sure"):
        return matter.conclude(Intent.ANY, avoid=wishes.refused | {current})
    if wishes.wanted or _stays(matter):
        return None
    if not _is_refused(matter) and matter.says("any.patterns"):
        return matter.conclude(Intent.ANY, avoid=wishes.refused)
    return None


def another(matter: Matter) -> Understanding | None:
    """OTHER challenges of the same category."""
    if not matter.says("other.patterns"):
        return None
    if (matter.facets and matter.reading.find("other.sure") is None) or _is_refused(matter):
        matter.reasons.pop()
        return None
    return matter.conclude(Intent.OTHER, avoid=matter.wishes.refused)


def _is_refused(matter: Matter) -> bool:
    """다른 건 필요 없고: nothing else is wanted."""
    reading = matter.reading
    found = reading.find("other.new")
    if found is None:
        return False
    clause = reading.clause_of(found.end - 1)
    refused = reading.find("negation.after", clause._replace(start=found.end))
    return refused is not None and not reading.is_asked(clause)


def _stays(matter: Matter) -> bool:
    """이 주제에서 쉬운 거: the current category is spoken of, and not refused."""
    staying = matter.reading.find("any.staying")
    if staying is None:
        return False
    rest = matter.reading.clause_of(staying.end - 1)._replace(start=staying.end)
    return matter.reading.find("negation.after", rest) is None


def _is_only_praised(matter: Matter) -> bool:
    """A keyword in praise (앱 좋네요) is no wish."""
    if matter.wishes.by is not By.KEYWORD or matter.asks() or matter.reading.find("telling.wish") is not None:
        return False
    wanted = [mention for mention, role in matter.wishes.mentions if role is Role.WANTED]
    clause = matter.reading.clause_of(wanted[0].span.start)
    return matter.reading.find("thanks.words", clause._replace(start=wanted[0].span.end)) is not None
