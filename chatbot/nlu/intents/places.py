"""Where the person is and how they work, when the message says so."""

from chatbot.nlu.intents.names import By, Mention, Names
from chatbot.nlu.intents.reading import Reading
from chatbot.nlu.intents.wishes import Role, role_of

_OF_PLACES = frozenset(
    {
        "에서",
        "에",
        "으로",
        "로",
        "가",
        "쪽",
        "근처",
        "살",
        "이",
        "인",
        "인데",
        "용",
        "놀",
        "여행",
        "사",
        "은",
        "는",
        "도",
    }
)
_OF_WORK = frozenset(
    {
        "이",
        "하",
        "중",
        "에서",
        "때",
        "다니",
        "근무",
        "일",
        "인데",
        "은",
        "는",
        "으로",
        "로",
        "용",
        "직원",
        "뛰",
        "나가",
        "도",
    }
)


def place_in(names: Names, reading: Reading, *, work: bool) -> Mention | None:
    """The location (or the type of work) that is said to be the person's own, or to suit."""
    mentions = [mention for mention in names.mentions(reading, misspelt=False) if mention.by is By.NAME]
    return next((one for one in mentions if _is_meant(one, mentions, reading, work=work)), None)


def _is_meant(mention: Mention, mentions: list[Mention], reading: Reading, *, work: bool) -> bool:
    if role_of(mention, mentions, reading) is not Role.WANTED:
        return False
    if mention.words.isascii():
        before = reading.morphemes[mention.span.start - 1].form if mention.span.start else ""
        return not work or (len(reading.morphemes) > 1 and before != "at")
    following = reading.morphemes[mention.span.end : mention.span.end + 1]
    if not following or following[0].tag == "SF":
        return len(reading.morphemes) - len(following) <= 2
    allowed = _OF_WORK if work else _OF_PLACES
    return following[0].form in allowed and following[0].tag != "JKS"
