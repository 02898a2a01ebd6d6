"""What is not our business: told by its own words, or by a question for a fact about what we know nothing of."""

import itertools
import re

from chatbot.models import Intent
from chatbot.nlu.intents.facet_rules import suiting
from chatbot.nlu.intents.matter import Matter
from chatbot.nlu.intents.names import By
from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.intents.understanding import Understanding
from chatbot.nlu.intents.wishes import Role

_MASHED = re.compile(r"[ㄱ-ㅣ\s.,!?~]+|[a-z\s.,!?~]+", re.IGNORECASE)
_VOWELS = frozenset("aeiouy")
_CLOTTED = re.compile(r"[^aeiouy\W]{6,}|[^aeiouy\W]{5,}$")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHORT = ("thanks.words", "thanks.patterns", "greeting.words", "other.patterns", "request.patterns", "eco.words")
_SUM = re.compile(r"[\d\s+\-*/x×÷=().,^%?]+(?:은|는|이|을|를)?\s*(?:얼마|뭐|몇)?\S{0,4}")


def off_topic(matter: Matter) -> Understanding | None:
    """OFF_TOPIC, or None."""
    reading = matter.reading
    if _is_mashed(reading.text) and not any(reading.find(words) for words in _SHORT):
        return matter.conclude(Intent.OFF_TOPIC, {"code": "no_words", "words": [reading.text[:20]]})
    if re.search(r"\d\s*[+*/x×÷=]\s*\d", reading.text) and _SUM.fullmatch(reading.text):
        return matter.conclude(Intent.OFF_TOPIC, {"code": "sum", "words": [reading.text[:20]]})
    sure = reading.find("off_topic.sure")
    if sure is not None:
        return matter.conclude(Intent.OFF_TOPIC, {"code": "off_topic", "words": [reading.surface(sure)]})
    strange = reading.find("off_topic.patterns") or reading.find("off_topic.words")
    if strange is not None and _is_circumstance(strange, matter):
        strange = None
    ours = _is_ours(matter)
    if strange is not None and not ours:
        return matter.conclude(Intent.OFF_TOPIC, {"code": "off_topic", "words": [reading.surface(strange)]})
    task = reading.find("off_topic.tasks")
    if task is not None and not ours and matter.nouns:
        return matter.conclude(Intent.OFF_TOPIC, {"code": "task", "words": [reading.surface(task)]})
    told = reading.find("off_topic.told")
    if told is not None and not ours and not matter.asks() and any(one.tag == "NNP" for one in reading.morphemes):
        return matter.conclude(Intent.OFF_TOPIC, {"code": "fact", "words": list(matter.nouns)})
    fact = reading.find("off_topic.facts")
    if fact is not None and matter.nouns and not ours and not matter.asks() and not matter.facets:
        return matter.conclude(Intent.OFF_TOPIC, {"code": "fact", "words": list(matter.nouns)})
    return None


def _is_circumstance(strange: Span, matter: Matter) -> bool:
    """Whether it only tells when, or with whom, challenges are to be done: 야구 보면서, 남친이랑."""
    reading = matter.reading
    here = Span(strange.start, strange.end + 2)
    if reading.find("off_topic.company", here) is not None or reading.find("off_topic.meanwhile", here) is not None:
        return True
    return suiting(reading) is not None or _asks_later(strange, reading)


def _asks_later(strange: Span, reading: Reading) -> bool:
    """시험 기간이라 바쁜데 짧은 거: what the challenges are to be like is said after it, in the last clause."""
    last = reading.clauses[-1]
    if strange.end > last.start:
        return False
    wanted = (*reading.lexicon.facets.values(), reading.lexicon.patterns["other.sure"])
    return any(next(reading.each(patterns, last), None) is not None for patterns in wanted)


def _is_ours(matter: Matter) -> bool:
    """Whether a word of our subjects is there."""
    if any(role is Role.WANTED or mention.by is not By.KEYWORD for mention, role in matter.wishes.mentions):
        return True
    eco = matter.reading.lexicon.words["eco.words"]
    strange = matter.reading.lexicon.words["off_topic.words"]
    return any(noun in eco and noun not in strange for noun in matter.nouns) and (
        matter.asks() or not any(noun in strange for noun in matter.nouns)
    )


def _is_mashed(text: str) -> bool:
    """Keys struck at random: single letters of Hangul, or Latin ones from one row or without a vowel."""
    letters = [character for character in text.casefold() if character.isalpha()]
    if len(letters) < 2 or not _MASHED.fullmatch(text):
        return False
    if not letters[0].isascii():
        return True
    joined = "".join(letters)
    return len(joined) > 2 and (not _VOWELS & set(joined) or _runs(joined) or _CLOTTED.search(joined) is not None)


def _runs(letters: str) -> bool:
    """Whether most letters are the neighbours, on the keyboard, of those before: asdf, qwerqwer."""
    if len(letters) < 4:
        return False
    places = {letter: (row, at) for row, keys in enumerate(_ROWS) for at, letter in enumerate(keys)}
    steps = [
        places[one][0] == places[other][0] and abs(places[one][1] - places[other][1]) == 1
        for one, other in itertools.pairwise(letters)
        if one in places and other in places
    ]
    return sum(steps) >= 0.7 * (len(letters) - 1)
