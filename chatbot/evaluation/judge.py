"""Whether an answer is what a pinned sample expects: what the model itself did, not what was mended for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

from chatbot.models import Enforcement, Outcome

KEPT_BY_ITSELF = frozenset({Enforcement.AS_IT_CAME, Enforcement.MENDED})
"""How an answer that the prompt's own model can write comes: whole, at most tidied while it streamed."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an answer is to be like. Title bounds are in characters after NFC, ``length_min`` and ``length_max`` bound
    the sentence; None is no bound. ``label`` is what the category of the answer is called.

    An answer without challenges (small talk, one of them explained) has no titles and need not name the category: of it
    all else is expected.
    """

    label: str
    contains: Sequence[str] = ()
    excludes: Sequence[str] = ()
    title_min: int = 1
    title_max: int = 10
    names_category: bool = True
    length_min: int | None = None
    length_max: int | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """What came of a sample. ``answer`` is a ``close`` payload or None, ``titles`` are as the model wrote them;
    ``asked`` is the source that should have written, ``source`` the one that did. ``without_model`` tells that the
    message is one that no model is ever asked."""

    outcome: str
    answer: Mapping[str, Any] | None
    titles: Sequence[str]
    asked: str
    source: str
    enforcement: str
    mends: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    without_model: bool = False


Reason = dict[str, Any]
"""``{"code": …, …}``: what was not as expected; ``chatbot.admin.studio.wording`` says it in words."""


def judge(expected: Expectation, came: Came) -> Iterator[Reason]:
    """Everything that is not as expected; nothing when all is."""
    if came.outcome != Outcome.COMPLETED or came.answer is None:
        yield {"code": "no_answer", "outcome": came.outcome, "error": came.error}
        return
    if came.without_model:  # whatever was answered, the prompt had no part in it
        yield {"code": "without_model"}
        return
    if came.source != came.asked:
        yield {"code": "other_source", "asked": came.asked, "source": came.source, "error": came.error}
        return
    if came.enforcement not in KEPT_BY_ITSELF:
        yield {"code": came.enforcement, "error": came.error}
    if came.answer["challenges"]:
        if expected.names_category and came.mends.get("category_added"):
            yield {"code": "category_missing", "label": expected.label}
        yield from _titles(expected, came)
    yield from _text(expected, came.answer)


def _titles(expected: Expectation, came: Came) -> Iterator[Reason]:
    bounds = {"least": expected.title_min, "most": expected.title_max}
    for title in came.titles:
        length = len(normalize("NFC", title))
        if not expected.title_min <= length <= expected.title_max:
            yield {"code": "title_bounds", "title": title[:100], "length": length, **bounds}


def _text(expected: Expectation, answer: Mapping[str, Any]) -> Iterator[Reason]:
    sentence = str(answer["recommend"])
    parts = [sentence, *(f"{item['title']}\n{item['description']}" for item in answer["challenges"])]
    text = normalize("NFC", "\n\n".join(parts))
    for words in expected.contains:
        if normalize("NFC", words) not in text:
            yield {"code": "lacks", "words": words}
    for words in expected.excludes:
        if normalize("NFC", words) in text:
            yield {"code": "contains", "words": words}
    length = len(normalize("NFC", sentence))
    if expected.length_min is not None and length < expected.length_min:
        yield {"code": "too_short", "length": length, "bound": expected.length_min}
    if expected.length_max is not None and length > expected.length_max:
        yield {"code": "too_long", "length": length, "bound": expected.length_max}
