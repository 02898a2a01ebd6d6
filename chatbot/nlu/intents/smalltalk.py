"""Greeting, thanking and agreeing: only when nothing else is wanted."""

from chatbot.models import Intent
from chatbot.nlu.intents.matter import Matter
from chatbot.nlu.intents.patterns import Span
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.intents.understanding import Understanding

_FACE = frozenset("👍❤🙏😊👏💚😍🥰👌😄😆🙌💕🎉😀😁😂🤗💯♥🫶😘🤩")
_WAVE = "👋"
_THINGS = frozenset({"거", "것", "걸", "게", "건", "꺼", "걸로"})


def smalltalk(matter: Matter) -> Understanding | None:
    """GREETING or THANKS, or None."""
    reading = matter.reading
    if reading.laughs:
        return matter.conclude(Intent.THANKS, {"code": "laughter", "words": []})
    if not any(character.isalnum() for character in reading.text):
        return _by_signs(matter)
    thanks, greeting = _thanks(matter), reading.find("greeting.words") or reading.find("greeting.patterns")
    if greeting is not None and (thanks is None or greeting.start <= thanks.start):
        if matter.asks() or matter.facets or _speaks_of_more(matter, greeting):
            return None
        return matter.conclude(Intent.GREETING, {"code": "greeting", "words": [reading.surface(greeting)]})
    if thanks is None or (not matter.is_thanks() and _wants_more(matter)):
        return None
    if reading.find("thanks.strong") is None and reading.find("explain.would") is not None:  # 뭐가 좋을까?
        return None
    return matter.conclude(Intent.THANKS, {"code": "thanks", "words": [reading.surface(thanks)]})


def _thanks(matter: Matter) -> Span | None:
    """What thanks, praises or agrees. What is only wished to be good (하기 좋은 거, 하면 좋겠어) does not."""
    reading = matter.reading
    found = [
        *reading.find_all("thanks.strong"),
        *reading.find_all("thanks.words"),
        *reading.find_all("thanks.patterns"),
    ]
    return next((span for span in found if not _is_wished_for(span, reading)), None)


def _is_wished_for(span: Span, reading: Reading) -> bool:
    morphemes = reading.morphemes
    before = morphemes[span.start - 1].form if span.start else ""
    if (
        before.endswith("면")
        or before in {"안", "못", "별로"}
        or _forms(reading, span.end) in (["지", "않"], ["지", "못하"])
    ):
        return True
    if span.end >= len(morphemes) or morphemes[span.end].tag != "ETM":
        return False
    rest = morphemes[span.end + 1 : span.end + 4]
    return (
        not any(one.tag == "VCP" or one.form in {"같", "감사"} for one in rest)
        and bool(rest)
        and rest[0].form in _THINGS
    )


def _forms(reading: Reading, at: int) -> list[str]:
    return [morpheme.form for morpheme in reading.morphemes[at : at + 2]]


def _wants_more(matter: Matter) -> bool:
    """Whether a question or a wish goes on where politeness began: 좋은데 더 쉬운 건 없어?"""
    if matter.begs() or (matter.is_question() and bool(matter.nouns or matter.facets or matter.asks())):
        return True
    return matter.asks() and not _promises(matter) and matter.reading.find("request.wish") is not None


def _by_signs(matter: Matter) -> Understanding | None:
    signs = set(matter.reading.text)
    if _WAVE in signs:
        return matter.conclude(Intent.GREETING, {"code": "sign", "words": [_WAVE]})
    if signs & _FACE:
        return matter.conclude(Intent.THANKS, {"code": "sign", "words": sorted(signs & _FACE)})
    return None


def _promises(matter: Matter) -> bool:
    """도전해볼게요 speaks of the challenges that are there."""
    ends = [one.form for one in matter.reading.morphemes if one.tag in {"EF", "EC", "NNB", "EP"}]
    return any(end.startswith(("ㄹ게", "을게", "겠", "ㄹ께")) for end in ends) or ends[-1:] == ["것"]


def _speaks_of_more(matter: Matter, greeting: Span) -> bool:
    """Whether the message says something beside the greeting."""
    words = matter.reading.lexicon.words["greeting.words"] | matter.reading.lexicon.words["greeting.addressed"]
    said = {matter.reading.morphemes[at].form for at in range(*greeting)}
    return any(noun not in words and noun not in said for noun in matter.nouns)
