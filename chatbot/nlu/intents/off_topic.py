"""Recognises off-topic messages: by typical words, or as a question about a fact of another subject."""

import itertools
import re

from chatbot.models import Intent
from chatbot.nlu.intents.entities import MatchedBy
from chatbot.nlu.intents.evidence import Evidence
from chatbot.nlu.intents.facet_rules import suiting
from chatbot.nlu.intents.mention_roles import Role
from chatbot.nlu.intents.parsing import ParsedMessage
from chatbot.nlu.intents.understanding import Reason, Understanding
from chatbot.nlu.patterns import Span

_MASHED = re.compile(r"[ㄱ-ㅣ\s.,!?~]+|[a-z\s.,!?~]+", re.IGNORECASE)
_VOWELS = frozenset("aeiouy")
_CLOTTED = re.compile(r"[^aeiouy\W]{6,}|[^aeiouy\W]{5,}$")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHORT = ("thanks.words", "thanks.patterns", "greeting.words", "other.patterns", "request.patterns", "eco.words")
_SUM = re.compile(r"[\d\s+\-*/x×÷=().,^%?]+(?:은|는|이|을|를)?\s*(?:얼마|뭐|몇)?\S{0,4}")


def off_topic(evidence: Evidence) -> Understanding | None:
    """OFF_TOPIC, or None."""
    reason = _reason(evidence)
    return evidence.conclude(Intent.OFF_TOPIC, reason) if reason is not None else None


def _reason(evidence: Evidence) -> Reason | None:
    parsed = evidence.parsed
    if _is_mashed(parsed.text) and not any(map(parsed.has, _SHORT)):
        return {"code": "no_words", "words": [parsed.text[:20]]}
    if re.search(r"\d\s*[+*/x×÷=]\s*\d", parsed.text) and _SUM.fullmatch(parsed.text):
        return {"code": "sum", "words": [parsed.text[:20]]}
    sure = parsed.find("off_topic.sure")
    if sure is not None:
        return {"code": "off_topic", "words": [parsed.surface(sure)]}
    if _is_ours(evidence):
        return None
    strange = parsed.find("off_topic.patterns") or parsed.find("off_topic.words")
    if strange is not None and not _is_circumstance(strange, parsed):
        return {"code": "off_topic", "words": [parsed.surface(strange)]}
    task = parsed.find("off_topic.tasks")
    if task is not None and evidence.nouns:
        return {"code": "task", "words": [parsed.surface(task)]}
    if evidence.wants_challenges():
        return None
    asks_of_a_name = parsed.has("off_topic.told") and any(one.tag == "NNP" for one in parsed.morphemes)
    if asks_of_a_name or (parsed.has("off_topic.facts") and evidence.nouns and not evidence.facets):
        return {"code": "fact", "words": list(evidence.nouns)}
    return None


def _is_circumstance(strange: Span, parsed: ParsedMessage) -> bool:
    """Whether it only describes when or with whom the person does challenges: 야구 보면서, 남친이랑."""
    here = Span(strange.start, strange.end + 2)
    if parsed.has("off_topic.company", here) or parsed.has("off_topic.meanwhile", here):
        return True
    return suiting(parsed) is not None or _asks_later(strange, parsed)


def _asks_later(strange: Span, parsed: ParsedMessage) -> bool:
    """Whether the last clause after it describes the wanted challenges: 시험 기간이라 바쁜데 짧은 거."""
    last = parsed.clauses[-1]
    if strange.end > last.start:
        return False
    wanted = (*parsed.lexicon.facets.values(), parsed.lexicon.patterns["other.sure"])
    return any(next(parsed.each(patterns, last), None) is not None for patterns in wanted)


def _is_ours(evidence: Evidence) -> bool:
    """Whether the message has a word about the environment or the catalogue."""
    mentions, words, nouns = evidence.categories.mentions, evidence.parsed.lexicon.words, set(evidence.nouns)
    if any(role is Role.WANTED or mention.by is not MatchedBy.KEYWORD for mention, role in mentions):
        return True
    strange = words["off_topic.words"]
    return bool(nouns & words["eco.words"] - strange) and (evidence.wants_challenges() or not nouns & strange)


def _is_mashed(text: str) -> bool:
    """Whether the text is random typing: single Hangul letters, or Latin letters of one row or without vowels."""
    letters = [character for character in text.casefold() if character.isalpha()]
    if len(letters) < 2 or not _MASHED.fullmatch(text):
        return False
    if not letters[0].isascii():
        return True
    joined = "".join(letters)
    return len(joined) > 2 and (not _VOWELS & set(joined) or _runs(joined) or _CLOTTED.search(joined) is not None)


def _runs(letters: str) -> bool:
    """Whether most letters are next to the letter before them on the keyboard: asdf, qwerqwer."""
    if len(letters) < 4:
        return False
    places = {letter: (row, at) for row, keys in enumerate(_ROWS) for at, letter in enumerate(keys)}
    steps = [
        places[one][0] == places[other][0] and abs(places[one][1] - places[other][1]) == 1
        for one, other in itertools.pairwise(letters)
        if one in places and other in places
    ]
    return sum(steps) >= 0.7 * (len(letters) - 1)
