"""Decides whether an answer is what a pinned sample expects.

Counted is what the model itself wrote, not what was corrected afterwards.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import normalize

from chatbot.answers.placeholders import is_placeholder
from chatbot.answers.rules import CHALLENGES
from chatbot.answers.scanner import Another, Characters, Scanner
from chatbot.models import Enforcement, Outcome

KEPT_BY_MODEL = frozenset({Enforcement.AS_IT_CAME, Enforcement.MENDED})
"""The enforcements that pass: the model wrote the whole answer, with at most small corrections while it streamed."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a sample expects of an answer.

    Bounds of titles are in characters after NFC. ``length_min`` and ``length_max`` are bounds of the sentence; None
    means no bound. ``label`` is the label of the answer's category. An answer without challenges (small talk, an
    explanation of one challenge) has no titles and need not name the category. The other expectations apply to it.
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
class SampleResult:
    """The result of running a sample.

    ``answer`` is the payload of ``close``, or None. ``titles`` are the titles as the model wrote them. ``asked`` is the
    provider that should have written the answer; ``source`` is the one that did. ``without_model``: the message is of a
    kind that is always answered in fixed words, without a model.
    """

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
"""An expectation that was not met: ``{"code": …, …}``. ``chatbot.admin.studio.wording`` turns it into a sentence."""


def judge(expected: Expectation, result: SampleResult) -> Iterator[Reason]:
    """Yields a reason for each expectation that was not met."""
    if result.outcome != Outcome.COMPLETED or result.answer is None:
        yield {"code": "no_answer", "outcome": result.outcome, "error": result.error}
        return
    if result.without_model:  # the prompt was not used for this answer
        yield {"code": "without_model"}
        return
    if result.source != result.asked:
        yield {"code": "other_source", "asked": result.asked, "source": result.source, "error": result.error}
        return
    if result.enforcement not in KEPT_BY_MODEL:
        yield {"code": result.enforcement, "error": result.error}
    if result.answer["challenges"]:
        if expected.names_category and result.mends.get("category_added"):
            yield {"code": "category_missing", "label": expected.label}
        yield from _titles(expected, result)
    yield from _text(expected, result.answer)


def _titles(expected: Expectation, result: SampleResult) -> Iterator[Reason]:
    bounds = {"least": expected.title_min, "most": expected.title_max}
    for title in result.titles:
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


def written_titles(text: str) -> list[str]:
    """The uncorrected titles of the first three challenges in a provider's text."""
    titles: dict[tuple[str | int, ...], str] = {}
    scanner = Scanner(reads_on=True)
    answers = 1
    for event in [*scanner.feed(text), *scanner.finish()]:
        if isinstance(event, Another):
            answers += 1
            if event.replaces:
                titles.clear()
        elif isinstance(event, Characters) and event.path[:1] == ("challenges",) and event.path[2:] == ("title",):
            key = (answers, *event.path)
            titles[key] = titles.get(key, "") + event.text
    return [title for title in titles.values() if not is_placeholder(title)][:CHALLENGES]
