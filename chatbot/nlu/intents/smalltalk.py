"""Recognises greetings, thanks and agreement in messages that want nothing else."""

from chatbot.models import Intent
from chatbot.nlu.intents.evidence import Evidence
from chatbot.nlu.intents.parsing import ParsedMessage
from chatbot.nlu.intents.understanding import Understanding
from chatbot.nlu.patterns import Span

_FACE = frozenset("👍❤🙏😊👏💚😍🥰👌😄😆🙌💕🎉😀😁😂🤗💯♥🫶😘🤩")
_WAVE = "👋"
_THINGS = frozenset({"거", "것", "걸", "게", "건", "꺼", "걸로"})


def smalltalk(evidence: Evidence) -> Understanding | None:
    """GREETING or THANKS, or None."""
    parsed = evidence.parsed
    if parsed.laughs:
        return evidence.conclude(Intent.THANKS, {"code": "laughter", "words": []})
    if not any(character.isalnum() for character in parsed.text):
        return _by_emoji(evidence)
    thanks, greeting = _thanks(evidence), parsed.find("greeting.words") or parsed.find("greeting.patterns")
    if greeting is not None and (thanks is None or greeting.start <= thanks.start):
        if evidence.wants_challenges() or evidence.facets or _speaks_of_more(evidence, greeting):
            return None
        return evidence.conclude(Intent.GREETING, {"code": "greeting", "words": [parsed.surface(greeting)]})
    if thanks is None or (not evidence.is_thanks() and _wants_more(evidence)):
        return None
    if not parsed.has("thanks.strong") and parsed.has("explain.would"):  # 뭐가 좋을까?
        return None
    return evidence.conclude(Intent.THANKS, {"code": "thanks", "words": [parsed.surface(thanks)]})


def _thanks(evidence: Evidence) -> Span | None:
    """The span that expresses thanks, praise or agreement. A wish (하기 좋은 거, 하면 좋겠어) is none of them."""
    parsed = evidence.parsed
    found = (span for name in ("strong", "words", "patterns") for span in parsed.find_all(f"thanks.{name}"))
    return next((span for span in found if not _is_wished_for(span, parsed)), None)


def _is_wished_for(span: Span, parsed: ParsedMessage) -> bool:
    morphemes = parsed.morphemes
    before = morphemes[span.start - 1].form if span.start else ""
    after = parsed.forms(Span(span.end, span.end + 2))
    if before.endswith("면") or before in {"안", "못", "별로"} or after in (["지", "않"], ["지", "못하"]):
        return True
    if span.end >= len(morphemes) or morphemes[span.end].tag != "ETM":
        return False
    rest = morphemes[span.end + 1 : span.end + 4]
    ends_otherwise = any(one.tag == "VCP" or one.form in {"같", "감사"} for one in rest)
    return bool(rest) and not ends_otherwise and rest[0].form in _THINGS


def _wants_more(evidence: Evidence) -> bool:
    """Whether a question or a wish follows the polite words: 좋은데 더 쉬운 건 없어?"""
    wants = evidence.wants_challenges()
    if evidence.is_request() or (evidence.is_question() and (evidence.nouns or evidence.facets or wants)):
        return True
    return wants and not _promises(evidence) and evidence.parsed.has("request.wish")


def _by_emoji(evidence: Evidence) -> Understanding | None:
    signs = set(evidence.parsed.text)
    if _WAVE in signs:
        return evidence.conclude(Intent.GREETING, {"code": "sign", "words": [_WAVE]})
    if signs & _FACE:
        return evidence.conclude(Intent.THANKS, {"code": "sign", "words": sorted(signs & _FACE)})
    return None


def _promises(evidence: Evidence) -> bool:
    """Whether the person promises to do the shown challenges: 도전해볼게요."""
    ends = [one.form for one in evidence.parsed.morphemes if one.tag in {"EF", "EC", "NNB", "EP"}]
    return any(end.startswith(("ㄹ게", "을게", "겠", "ㄹ께")) for end in ends) or ends[-1:] == ["것"]


def _speaks_of_more(evidence: Evidence, greeting: Span) -> bool:
    """Whether the message contains more than the greeting."""
    words = evidence.parsed.lexicon.words["greeting.words"] | evidence.parsed.lexicon.words["greeting.addressed"]
    said = {evidence.parsed.morphemes[at].form for at in range(*greeting)}
    return any(noun not in words and noun not in said for noun in evidence.nouns)
