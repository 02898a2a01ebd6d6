"""Greeting, thanking and agreeing: only when nothing else is wanted."""

from chatbot.conversation.intents.matter import Matter
from chatbot.conversation.intents.understanding import Understanding
from chatbot.models import Intent

_FACE = frozenset("👍❤🙏😊👏💚😍🥰👌😄😆🙌💕🎉😀😁😂🤗💯♥🫶😘🤩")
_WAVE = "👋"
_LAUGHTER = frozenset("ㅋㅎ")


def smalltalk(matter: Matter) -> Understanding | None:
    """GREETING or THANKS, or None."""
    reading = matter.reading
    if not any(character.isalnum() for character in reading.text):
        return _by_signs(matter)
    thanks = reading.find("thanks.words") or reading.find("thanks.patterns")
    greeting = reading.find("greeting.words") or reading.find("greeting.patterns")
    if _is_asked(matter) or (matter.asks() and not _only_promises(matter)):
        return None
    if greeting is not None and (thanks is None or greeting.start <= thanks.start):
        if _speaks_of_more(matter):
            return None
        return matter.conclude(Intent.GREETING, {"code": "greeting", "words": [reading.surface(greeting)]})
    if thanks is not None:
        return matter.conclude(Intent.THANKS, {"code": "thanks", "words": [reading.surface(thanks)]})
    return None


def laughter(message: str, matter: Matter) -> Understanding | None:
    """A message of laughter alone."""
    letters = [character for character in message if character.isalnum()]
    if letters and not matter.reading.morphemes and all(character in _LAUGHTER for character in letters):
        return matter.conclude(Intent.THANKS, {"code": "laughter", "words": []})
    return None


def _by_signs(matter: Matter) -> Understanding | None:
    signs = set(matter.reading.text)
    if _WAVE in signs:
        return matter.conclude(Intent.GREETING, {"code": "sign", "words": [_WAVE]})
    if signs & _FACE:
        return matter.conclude(Intent.THANKS, {"code": "sign", "words": sorted(signs & _FACE)})
    return None


def _is_asked(matter: Matter) -> bool:
    """Whether a question goes on where politeness began: 좋은데 더 쉬운 건 없어?"""
    reading = matter.reading
    asked = [clause for clause in reading.clauses if reading.is_asked(clause)]
    return any(reading.find("thanks.words", clause) is None or len(matter.facets) > 0 for clause in asked) and bool(
        matter.nouns or matter.facets or matter.asks()
    )


def _only_promises(matter: Matter) -> bool:
    """도전해볼게요 speaks of the challenges that are there."""
    reading = matter.reading
    last = [one for one in reading.morphemes if one.tag in {"EF", "EC"}][-1:]
    promise = bool(last) and last[0].form.startswith(("ㄹ게", "을게", "겠", "ㄹ께"))
    thanked = reading.find("thanks.words")
    return promise or (thanked is not None and not any(map(reading.is_asked, reading.clauses)) and not _begs(matter))


def _begs(matter: Matter) -> bool:
    """Whether something is asked for: 추천해 줘, 쉬운 거 추천."""
    reading = matter.reading
    last = [one for one in reading.morphemes if one.tag not in {"SF", "SW", "SP", "W_EMOJI"}][-1:]
    return reading.find("request.begging") is not None or bool(last and last[0].form in {"추천", "부탁", "ㄱㄱ"})


def _speaks_of_more(matter: Matter) -> bool:
    """Whether the message has a sentence beside the greeting."""
    greeting = matter.reading.lexicon.words["greeting.words"]
    return any(noun not in greeting for noun in matter.nouns)
