"""What the classifier decides where no rule is certain."""

from dataclasses import replace

from chatbot.models import Intent
from chatbot.nlu.intents.entities import MatchedBy
from chatbot.nlu.intents.evidence import SHORT, SURE, Evidence
from chatbot.nlu.intents.explain import challenge_number
from chatbot.nlu.intents.mention_roles import Role
from chatbot.nlu.intents.understanding import Reason, Understanding
from chatbot.nlu.morphemes import Opinion
from chatbot.nlu.patterns import Span

MOVING = frozenset({Intent.BACK, Intent.ANY})
"""What leaves the category is believed only when it is likely enough."""

LIKELY = 0.4


REACH = 5
"""Morphemes within which what is lacking is said of a noun."""

_LACKS = frozenset({"없", "없이", "못", "못하", "알레르기", "빼", "싫", "질색"})
_ABSTRACT = frozenset(
    {
        "시간",
        "돈",
        "여유",
        "힘",
        "체력",
        "부담",
        "무리",
        "관심",
        "경험",
        "자신",
        "거",
        "것",
        "챌린지",
        "알레르기",
        "질색",
    }
)
"""What says how a challenge should be, not what it needs."""

_DECIDED = frozenset({Intent.EXPLAIN, Intent.GREETING})
"""What a rule decides is no question for a fact, whatever the classifier says."""

_DOUBTFUL = frozenset({Intent.ASK, Intent.CHANGE, Intent.REFINE, Intent.OFF_TOPIC, Intent.THANKS})
"""What a question for a fact is easily taken for."""

ASKING = -0.7
"""By how much a question for a fact may be less likely than anything else when the message is a question: whether a
document answers it decides."""


def question_for_a_fact(evidence: Evidence, *, otherwise: Understanding) -> Understanding | None:
    """QUESTION for a fact. ``otherwise`` is what the message means when no document answers it."""
    opinion = evidence.opinion
    if opinion is None or otherwise.intent in _DECIDED or len(evidence.parsed.morphemes) <= SHORT:
        return None
    if otherwise.intent == Intent.CHANGE and _only_names(evidence):
        return None
    is_asked = evidence.is_question() or evidence.parsed.has("question.facts")
    about_disposal = evidence.parsed.has("question.disposal") and not evidence.wants_challenges()
    if not about_disposal and opinion.asks < (ASKING if is_asked and otherwise.intent in _DOUBTFUL else SURE):
        return None
    asked = evidence.conclude(Intent.QUESTION, {"code": "question", "words": []})
    return replace(asked, otherwise=otherwise)


def _only_names(evidence: Evidence) -> bool:
    """Whether the message names a category and nothing else: 비건은 안 돼? asks for it, 비건이 뭐야? about it."""
    named = {form for mention in evidence.mentions for form in evidence.parsed.forms(mention.span)}
    return not set(evidence.nouns) - named and not evidence.parsed.has("question.facts")


def intent_by_classifier(evidence: Evidence) -> Understanding | None:
    """What the message most likely wants, and the category that it is most likely about."""
    opinion = evidence.opinion
    if opinion is None or not any(character.isalnum() for character in evidence.parsed.text):
        return None
    intent = _plausible(evidence, opinion)
    if intent == Intent.ASK and _refuses(evidence, evidence.turn.memory.category):
        return _refused(evidence, evidence.turn.memory.category)
    reason = {"code": "learned", "words": []}
    match intent:
        case Intent.ASK | Intent.REFINE | Intent.QUESTION:
            return _asked(evidence, _about(evidence, opinion), Intent.ASK if intent == Intent.QUESTION else intent)
        case Intent.BACK:
            return evidence.conclude(intent, reason, category=evidence.turn.memory.base_category)
        case Intent.EXPLAIN:
            only = 0 if len(evidence.shown) == 1 else None
            return evidence.conclude(intent, {"code": "explain", "words": [evidence.parsed.text]}, number=only)
        case Intent.ANY:
            return _refused(evidence, opinion.category)
        case _:
            return evidence.conclude(intent, reason)


def _plausible(evidence: Evidence, opinion: Opinion) -> Intent:
    """The most likely intent; to ask for challenges where the message speaks against it."""
    intent = Intent(opinion.intent)
    named = [mention for mention in evidence.mentions if mention.by is not MatchedBy.KEYWORD]
    if intent in MOVING and (opinion.margin < LIKELY or (intent == Intent.BACK and named)):
        return Intent.ASK
    if intent == Intent.EXPLAIN and (not evidence.shown or challenge_number(evidence.parsed) is not None):
        return Intent.OTHER if evidence.parsed.has("explain.drop") else Intent.ASK
    if intent in {Intent.GREETING, Intent.THANKS} and evidence.mentions and evidence.wants_challenges():
        return Intent.ASK
    if intent == Intent.OFF_TOPIC and (evidence.categories.wanted or _only_asks(evidence)):
        return Intent.ASK
    if intent == Intent.OTHER and evidence.facets:
        return Intent.REFINE
    return intent


def _only_asks(evidence: Evidence) -> bool:
    """Whether the message asks for something and does not say what: 추천해줘, 하나만 골라줘."""
    asking = evidence.parsed.lexicon.words["request.words"]
    things = [one for one in evidence.parsed.morphemes if one.tag in {"NNG", "NNP", "SL"} and one.form not in asking]
    return not things and (evidence.wants_challenges() or evidence.is_request())


def _about(evidence: Evidence, opinion: Opinion) -> str:
    """The category that the message is about. One that is less likely is believed when a keyword of it is there."""
    keys = {mention.key for mention, _ in evidence.categories.mentions}
    return opinion.category or (opinion.leaning if opinion.leaning in keys else "")


def _asked(evidence: Evidence, category: str, intent: Intent) -> Understanding:
    current, lacking = evidence.turn.memory.category, _lacking(evidence)
    avoid = evidence.categories.refused
    reasons: list[Reason] = [{"code": "lacking", "words": lacking}] if lacking else []
    is_condition = intent == Intent.REFINE and lacking  # 자전거 없는데 is no wish for bicycles
    if category and category != current and not is_condition and not _stays(evidence, category):
        reasons.append({"code": "about", "words": [], "category": category})
        return evidence.conclude(Intent.CHANGE, *reasons, category=category, avoid=avoid)
    if not reasons and not evidence.facets:
        reasons.append({"code": "learned", "words": []})
    return evidence.conclude(Intent.REFINE if evidence.facets else intent, *reasons, avoid=avoid)


def _lacking(evidence: Evidence) -> list[str]:
    """What the person does not have, cannot do or must not touch: 바느질 못해요, 자전거 없는데, 땅콩 알레르기."""
    parsed, found = evidence.parsed, list[str]()
    for at, one in enumerate(parsed.morphemes):
        clause = parsed.clause_of(at)
        after = parsed.forms(Span(at + 1, min(clause.end, at + REACH)))
        if one.tag in {"NNG", "NNP"} and one.form not in _ABSTRACT and _LACKS & set(after):
            found.append(one.form)
    return found


def _stays(evidence: Evidence, category: str) -> bool:
    """Whether the category cannot be picked, or is spoken of as what the person does not want to do."""
    roles = [role for mention, role in evidence.categories.mentions if mention.key == category]
    names = [role for mention, role in evidence.categories.mentions if mention.by is not MatchedBy.KEYWORD]
    is_told = Role.OF_OTHERS in roles or (Role.PAST in roles and Role.PAST in names) or roles[-1:] == [Role.REFUSED]
    return is_told or category not in evidence.turn.options.categories


def _refuses(evidence: Evidence, category: str) -> bool:
    roles = {role for mention, role in evidence.categories.mentions if mention.key == category}
    return roles == {Role.REFUSED} and not evidence.categories.wanted


def _refused(evidence: Evidence, category: str) -> Understanding:
    """ANY other category, unless another than the current one is refused."""
    current = evidence.turn.memory.category
    if category and category != current:
        return evidence.conclude(
            Intent.ASK, {"code": "refused", "words": [], "category": category}, avoid=frozenset({category})
        )
    return evidence.conclude(Intent.ANY, {"code": "learned", "words": []}, avoid=frozenset({current}))
