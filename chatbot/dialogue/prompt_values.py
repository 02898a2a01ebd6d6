"""The values of a prompt that answers messages: the history, the understood message, and the search results."""

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
"""How many of the newest titles the prompt lists as not to be repeated. The composer removes other repetitions."""

WITHOUT_MODEL = frozenset({Intent.ABUSE, Intent.DANGER, Intent.RULES})
"""The intents for which no model is used, and whose messages are left out of the history.

A person could manipulate the model, or the model could write something harmful to a person in danger.
"""

WANTS: Mapping[str, str] = {
    Intent.ASK: "챌린지를 추천받고 싶어 합니다.",
    Intent.CHANGE: "주제를 바꾸고 싶어 합니다.",
    Intent.BACK: "처음 주제로 돌아가고 싶어 합니다.",
    Intent.OTHER: "같은 주제에서 다른 챌린지를 원합니다.",
    Intent.ANY: "다른 주제를 원합니다.",
    Intent.REFINE: "조건에 맞는 챌린지를 원합니다.",
    Intent.EXPLAIN: "보여 준 챌린지를 더 자세히 알고 싶어 합니다.",
    Intent.QUESTION: "환경에 관한 사실을 알고 싶어 합니다. 찾은 자료로 답합니다.",
    Intent.GREETING: "인사를 건넸습니다.",
    Intent.THANKS: "고마움이나 좋다는 뜻을 전했습니다.",
    Intent.OFF_TOPIC: "친환경 실천과 관계없는 말을 했습니다.",
}

_TAG = re.compile(r"<(?=\s*/?\s*(?:message|history|context)\b)", re.IGNORECASE)

NOTHING = "(없음)"
"""The text between the tags if there is no value."""


def quoted(name: str, text: str) -> str:
    """``text`` marked as data, between ``<name>`` tags on separate lines.

    In text that looks like such a tag the bracket is removed, so that the text cannot end its own quotation.
    """
    inner = _TAG.sub("‹", text.strip()) or NOTHING
    return f"<{name}>\n{inner}\n</{name}>"


def unquoted(name: str, text: str) -> str:
    """The text that ``quoted`` has put between the tags; "" if there was none. Other text is returned unchanged."""
    inner = text.removeprefix(f"<{name}>\n").removesuffix(f"\n</{name}>")
    return "" if inner == NOTHING else inner


def history(exchanges: Sequence[Exchange], known: Options, *, budget: int) -> str:
    """The last exchanges within ``budget`` (in characters), the oldest first. Exchanges of WITHOUT_MODEL are left
    out."""
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
    """The understood message, the search results, and the challenges that the session was given."""
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
    """The label of an option that the person has not confirmed, marked for the prompt."""
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
