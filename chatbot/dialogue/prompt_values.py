"""The values of a prompt for messages: the conversation so far, what was understood, and what was looked up."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from challenges.catalog import Choice, Options
from chatbot.answers.rules import Answer, Challenge, layout
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS
from chatbot.nlu.intents.understanding import Understanding
from chatbot.search.search import Found
from chatbot.sessions.memory import Exchange

GIVEN_TITLES = 60
"""Titles that a model is told not to repeat, the newest: what it repeats all the same is left out later."""

WITHOUT_MODEL = frozenset({Intent.ABUSE, Intent.DANGER, Intent.RULES})
"""What no model is asked, nor told afterwards in the history: it could be talked into something, or say the wrong thing
to somebody in danger."""

WANTS: Mapping[str, str] = {
    Intent.ASK: "챌린지를 추천받고 싶어 합니다.",
    Intent.CHANGE: "주제를 바꾸고 싶어 합니다.",
    Intent.BACK: "처음 주제로 돌아가고 싶어 합니다.",
    Intent.OTHER: "같은 주제에서 다른 챌린지를 원합니다.",
    Intent.ANY: "다른 주제를 원합니다.",
    Intent.REFINE: "조건에 맞는 챌린지를 원합니다.",
    Intent.EXPLAIN: "보여 준 챌린지를 더 자세히 알고 싶어 합니다.",
    Intent.GREETING: "인사를 건넸습니다.",
    Intent.THANKS: "고마움이나 좋다는 뜻을 전했습니다.",
    Intent.OFF_TOPIC: "친환경 실천과 관계없는 말을 했습니다.",
}

_TAG = re.compile(r"<(?=\s*/?\s*(?:message|history|context)\b)", re.IGNORECASE)

NOTHING = "(없음)"
"""What stands between the tags when there is nothing."""


def quoted(name: str, text: str) -> str:
    """``text`` as data, between ``<name>`` tags on lines of their own. What looks like one of our tags loses its
    bracket, so that no text can end its own quotation."""
    inner = _TAG.sub("‹", text.strip()) or NOTHING
    return f"<{name}>\n{inner}\n</{name}>"


def unquoted(name: str, text: str) -> str:
    """What ``quoted`` put between the tags, "" for nothing; any other text as it is."""
    inner = text.removeprefix(f"<{name}>\n").removesuffix(f"\n</{name}>")
    return "" if inner == NOTHING else inner


def history(exchanges: Sequence[Exchange], known: Options, *, budget: int) -> str:
    """The last exchanges that fit the budget (characters), the oldest first, without those that no model is told."""
    kept: list[str] = []
    left = budget
    for exchange in reversed(exchanges):
        if exchange.answer is None or exchange.intent in WITHOUT_MODEL:
            continue
        text = f"사람: {_asked(exchange, known)}\n도우미: {_answer_text(exchange.answer)}"
        left -= len(text) + 1
        if left < 0:
            break
        kept.append(text)
    return "\n".join(reversed(kept))


def context(
    understanding: Understanding,
    *,
    found: Sequence[Found],
    explained: Sequence[Challenge],
    given: Sequence[str],
) -> str:
    """What was understood, what was found for it, and what the session had before."""
    lines = [f"이 사람은 {WANTS.get(understanding.intent, WANTS[Intent.ASK])}"]
    if understanding.facets:
        lines.append(f"바라는 점: {', '.join(FACETS[facet].prompt for facet in understanding.facets)}")
    if understanding.refused:
        lines.append(f"원하지 않는 것: {', '.join(understanding.refused)}")
    if explained:
        lines += ["설명할 챌린지:", *(f"- {each.title}: {each.description}" for each in explained)]
    if found:
        lines.append("찾은 자료:")
        lines += [f"- {each.title}: {each.text}" + (f" ({each.label})" if each.label else "") for each in found]
    if given:
        lines.append(f"이미 받은 챌린지: {', '.join(given[-GIVEN_TITLES:])}")
    return "\n".join(lines)


def assumed(label: str) -> str:
    """A label that nobody has confirmed, as the prompt is told it."""
    return f"{label}(짐작)"


def _asked(exchange: Exchange, known: Options) -> str:
    if exchange.message:
        return exchange.message
    kinds = (
        (known.locations, exchange.location),
        (known.work_types, exchange.work_type),
        (known.categories, exchange.category),
    )
    picked = ", ".join(_label(choices, key) for choices, key in kinds)
    return f"{picked} 챌린지를 골랐어요."


def _label(choices: Mapping[str, Choice], key: str) -> str:
    return choices[key].label if key in choices else key


def _answer_text(answer: Mapping[str, Any]) -> str:
    challenges = tuple(Challenge(**item) for item in answer["challenges"])
    return layout(Answer(answer["recommend"], challenges))
