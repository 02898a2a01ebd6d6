"""The contract of an answer, as a client may judge it."""

import unicodedata
from collections.abc import Iterator, Sequence

from chatbot.answers.contract import fold, names_category
from chatbot.answers.schema import CHALLENGES, TITLE_LENGTH


def broken_rules(recommend: object, challenges: object, *, label: str) -> Iterator[str]:
    """Each rule of the contract that the values of a recommendation, decoded from JSON, do not keep.

    ``label`` is the Korean name of the category that was asked for.
    """
    if not isinstance(recommend, str) or not recommend.strip():
        yield "recommend is no sentence"
    elif not names_category(recommend, label):
        yield f"recommend does not name the category {label}"
    if not isinstance(challenges, Sequence) or not all(isinstance(challenge, dict) for challenge in challenges):
        yield "challenges is no list of objects"
        return
    if len(challenges) != CHALLENGES:
        yield f"there are {len(challenges)} challenges, not {CHALLENGES}"
    titles = [challenge.get("title") for challenge in challenges]
    for title in titles:
        if not isinstance(title, str) or not 1 <= len(unicodedata.normalize("NFC", title)) <= TITLE_LENGTH:
            yield f"the title {title!r} has not 1 to {TITLE_LENGTH} characters"
    if len({fold(str(title)) for title in titles}) < len(titles):
        yield "a title comes twice"
    for name in ("description", "category"):
        if not all(isinstance(value := challenge.get(name), str) and value.strip() for challenge in challenges):
            yield f"a challenge has no {name}"
