"""What is only told: 버스 타고 출근하는데 and 에어컨 바람 너무 추워 wish for nothing, whatever words are in them."""

from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading

_MARKS = frozenset({"SF", "SW", "SP", "SS", "SE", "SO", "JX", "IC", "W_EMOJI"})


def is_told(span: Span, reading: Reading) -> bool:
    """Whether the sentence of ``span`` ends as statements do, and nothing in the message asks or wishes.

    A fragment (자전거 타는 거, 에어컨 덜 쓰기) is no statement.
    """
    if reading.find("telling.wish") is not None or any(map(reading.is_asked, reading.clauses)):
        return False
    last = _last_of_sentence(span.end, reading)
    if last < span.end:
        return False
    ending = reading.morphemes[last]
    if ending.form == "중":
        return True
    merely_named = ending.form == "요" and reading.morphemes[last - 1].tag == "VCP"
    return ending.tag in {"EF", "EC"} and not merely_named


def is_pointed_back_to(after: int, reading: Reading) -> bool:
    """Whether what was said before ``after`` is wished for later, without its name: … 좋더라 그걸로 해줘."""
    rest = Span(after, len(reading.morphemes))
    found = reading.find("telling.this_one", rest)
    if found is None:
        return False
    return reading.find("negation.after", Span(found.end, len(reading.morphemes))) is None


def _last_of_sentence(start: int, reading: Reading) -> int:
    """The last morpheme of the sentence that says something; ``start`` - 1 when nothing does."""
    morphemes = reading.morphemes
    end = start
    while end < len(morphemes) and morphemes[end].tag not in {"SF", "EF"}:
        end += 1
    if end < len(morphemes) and morphemes[end].tag == "EF":
        return end
    while end > start and morphemes[end - 1].tag in _MARKS:
        end -= 1
    return end - 1
