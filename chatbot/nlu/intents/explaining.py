"""Wanting to know more about one of the shown challenges."""

from chatbot.models import Intent
from chatbot.nlu.intents.facet_rules import suiting
from chatbot.nlu.intents.matter import Matter
from chatbot.nlu.intents.numbers import Counted, counted, titled
from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.intents.understanding import Understanding


def explanation(matter: Matter) -> Understanding | None:
    """EXPLAIN of a challenge that is told by its number, its place or its title; ASK when nothing was shown yet."""
    number = counted(matter.reading)
    if number is not None and not _counts_something_else(matter, number):
        return _numbered(matter, number)
    if not matter.shown:
        return None
    names = frozenset(
        form for mention in matter.mentions if mention.by != "keyword" for form in mention.words.casefold().split()
    )
    title = titled(matter.shown, matter.reading, besides=names, analyser=matter.turn.analyser)
    if title is None or not (title.whole or matter.reading.find("explain.cue") is not None):
        return None
    if matter.reading.find("any.patterns") is not None or _wants_other(matter) or _wonders(matter):
        return None
    words = [matter.shown[title.number].title]
    return matter.conclude(Intent.EXPLAIN, {"code": "title", "words": words}, number=title.number)


def vague_explanation(matter: Matter) -> Understanding | None:
    """EXPLAIN when the message only says so (자세히, 그거 어떻게 해?)."""
    cue = matter.reading.find("explain.cue") or _doubt(matter)
    if cue is None or not matter.shown or _wants_other(matter) or matter.is_thanks():
        return None
    if suiting(matter.reading) is not None or _wonders(matter):
        return None
    deictic = matter.reading.find("explain.deictic") is not None
    asking = {form for span in matter.reading.find_all("explain.cue") for form in matter.reading.forms(span)}
    if not deictic and (set(matter.nouns) - asking or matter.mentions):
        return None
    if (
        not deictic
        and matter.reading.find("request.patterns") is not None
        and matter.reading.find("explain.sure") is None
    ):
        return None
    only = 0 if len(matter.shown) == 1 else None
    return matter.conclude(Intent.EXPLAIN, {"code": "explain", "words": [matter.reading.surface(cue)]}, number=only)


def _doubt(matter: Matter) -> Span | None:
    """이거 진짜 도움이 돼? asks about what was shown."""
    if matter.reading.find("explain.deictic") is None or not matter.is_question():
        return None
    return matter.reading.find("explain.doubt")


def _wonders(matter: Matter) -> bool:
    """뭘 하면 좋을까? asks for something, not about something."""
    return matter.reading.find("explain.would") is not None


def _numbered(matter: Matter, number: Counted) -> Understanding | None:
    reading, shown = matter.reading, matter.shown
    after = Span(number.span.end, len(reading.morphemes))
    clause = reading.clause_of(number.span.end - 1)._replace(start=after.start)
    dropped = reading.find("explain.drop", clause) or reading.find("mention.past", clause)
    if dropped is not None and reading.find("explain.cue", after) is None:
        return None
    if after.start < after.end and reading.morphemes[after.start].form in reading.lexicon.words["mention.people"]:
        return None
    if matter.facets and not matter.is_question() and reading.find("explain.cue") is None:
        return None
    if number.number >= len(shown) > 0 and _names_something(reading, number.span.end):
        return None
    words = [reading.surface(number.span)]
    if not shown:
        return matter.conclude(Intent.ASK, {"code": "nothing_shown", "words": words})
    if number.number >= len(shown):
        return matter.conclude(Intent.EXPLAIN, {"code": "number_unknown", "words": words})
    at = number.number if number.number >= 0 else len(shown) - 1
    return matter.conclude(Intent.EXPLAIN, {"code": "number", "words": words}, number=at)


def _names_something(reading: Reading, at: int) -> bool:
    """24번 출구: the number belongs to another noun."""
    following = reading.morphemes[at : at + 1]
    return (
        bool(following) and following[0].tag in {"NNG", "NNP"} and reading.find("explain.cue", Span(at, at + 1)) is None
    )


def _counts_something_else(matter: Matter, number: Counted) -> bool:
    """첫 번째 카테고리로, 첫 번째로 돌아가: the first category, not the first challenge."""
    rest = Span(number.span.start, len(matter.reading.morphemes))
    if matter.reading.find("explain.else", rest) is not None:
        return True
    return matter.reading.find("back.patterns") is not None and matter.reading.find("explain.sure") is None


def _wants_other(matter: Matter) -> bool:
    found = matter.reading.find("other.patterns")
    return found is not None and matter.reading.find("explain.sure") is None
