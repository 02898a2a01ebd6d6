"""The catalogue provider: it writes answers from the curated catalogue in the form of a model. No network, no key.

Its sentences are patterns from ``catalog.toml``, filled with values and the right particles.
"""

import asyncio
import json
import random
import re
import tomllib
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from challenges.catalog import suitable
from challenges.text import particle
from chatbot.answers.rules import CHALLENGES, RECOMMENDATION, Challenge
from chatbot.db.errors import may_pass
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS
from chatbot.nlu.safety import help_lines
from chatbot.providers.base import ProviderError, ProviderRequest, TemplateContext

REMEMBERED = 30
"""How many challenges of each category are kept in memory for outages of the database."""

WORDING = Path(__file__).with_suffix(".toml")

_VALUE = re.compile(r"\{(\w+)(?::([^}]+))?\}")

SPARE = 9
"""How many more challenges are read than needed, if some may be about something that the person does not want."""


class CatalogProvider:
    """Picks suitable challenges and introduces them in varying words. The same seed gives the same answer."""

    name = "catalog"
    hosted = False

    def __init__(self, *, delay_ms: float | None = None) -> None:
        self._delay_ms = delay_ms

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        delay = settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS if self._delay_ms is None else self._delay_ms
        challenges = await sync_to_async(_challenges)(request) if request.kind == RECOMMENDATION else []
        if request.kind == RECOMMENDATION and len(challenges) < CHALLENGES:
            raise ProviderError(f"The catalogue has only {len(challenges)} active challenges: load or activate more.")
        chance = random.Random(request.seed)  # noqa: S311  not for security
        for piece in cut(answer_text(sentence(request, chance), challenges), chance):
            yield piece
            await asyncio.sleep(delay / 1000)


def _challenges(request: ProviderRequest) -> list[Challenge]:
    """Orders challenges: search results first, then those that suit the selection.

    Challenges that the session was given, or that are about something refused, come last.
    """
    seen = {*request.given, *request.already}
    found = [candidate for candidate in request.candidates if candidate.title not in seen]
    if len(found) < CHALLENGES or request.template_context.refused:
        count = CHALLENGES + len(found) + (SPARE if request.template_context.refused else 0)
        titles = {candidate.title for candidate in found}
        found += [other for other in _suiting(request, count) if other.title not in titles]
    refused = request.template_context.refused
    found.sort(key=lambda each: any(word in f"{each.title} {each.description}" for word in refused))
    return found[:CHALLENGES]


_lately: dict[str, dict[str, Challenge]] = {}
"""Recently read challenges, by category and title."""


def _suiting(request: ProviderRequest, count: int) -> list[Challenge]:
    """Suitable challenges from the database. During an outage, recently read ones, so that a begun answer is
    finished."""
    given = [*request.given, *request.already]
    category = request.selection.category.key
    try:
        rows = suitable(selection=request.selection, given=given, seed=request.seed, count=count)
    except DatabaseError as error:
        known = list(_lately.get(category, {}).values())
        if not may_pass(error) or len(known) < CHALLENGES:
            raise
        random.Random(request.seed).shuffle(known)  # noqa: S311  not for security
        return sorted(known, key=lambda each: given.index(each.title) + 1 if each.title in given else 0)[:count]
    found = [Challenge(row.title, row.description, row.category.key, row.category.label) for row in rows]
    kept = {**_lately.get(category, {}), **{each.title: each for each in found if each.category == category}}
    _lately[category] = dict(list(kept.items())[-REMEMBERED:])
    return found


def answer_text(recommend: str, challenges: Sequence[Challenge]) -> str:
    """The JSON text of an answer."""
    listed = [
        {"title": challenge.title, "description": challenge.description, "category": challenge.category}
        for challenge in challenges
    ]
    return json.dumps({"recommend": recommend, "challenges": listed}, ensure_ascii=False)


def cut(text: str, chance: random.Random) -> Iterator[str]:
    """``text`` in pieces of one to four characters, similar to a model's tokens in Korean."""
    position = 0
    while position < len(text):
        size = chance.randint(1, 4)
        yield text[position : position + size]
        position += size


def sentence(request: ProviderRequest, chance: random.Random) -> str:
    """A friendly sentence that names the category. If the answer has no challenges, it is the whole answer."""
    return say(_patterns_for(request), _values(request, chance), chance, request.template_context.said)


def patterns(*path: str) -> list[str]:
    """The patterns at a path in ``catalog.toml``; none if the path does not exist."""
    found: Any = _wording()
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return list(found) if isinstance(found, list) else []


def say(choices: Sequence[str], values: Mapping[str, str], chance: random.Random, said: Sequence[str] = ()) -> str:
    """One of the patterns with its values. A sentence in ``said`` is used again only if there are no others."""
    sentences = [fill(pattern, values) for pattern in choices]
    return chance.choice([each for each in sentences if each not in said] or sentences)


def fill(pattern: str, values: Mapping[str, str]) -> str:
    """Replaces ``{name}`` by the value, and ``{name:은/는}`` by the particle that suits the value's last sound."""

    def value(found: re.Match[str]) -> str:
        text = values.get(found[1], "")
        return particle(text, found[2]) if found[2] else text

    return _VALUE.sub(value, pattern)


@cache
def _wording() -> dict[str, Any]:
    return tomllib.loads(WORDING.read_text("utf-8"))


def _patterns_for(request: ProviderRequest) -> list[str]:
    context = request.template_context
    match context.intent:
        case "":
            return patterns("general") + patterns("location", request.selection.location.key)
        case Intent.DANGER:
            return patterns("talk", "help", "english" if context.english else "korean", context.danger)
        case Intent.ABUSE:
            return patterns("talk", "declined")
        case Intent.THANKS if context.after_help:
            return patterns("talk", "after_help")
        case Intent.QUESTION:
            return patterns("talk", "question")
        case Intent.EXPLAIN if request.kind != RECOMMENDATION:
            return patterns("talk", "explain" if len(context.explained) == 1 else "which")
        case Intent.GREETING | Intent.THANKS | Intent.OFF_TOPIC | Intent.RULES | Intent.BACK as intent:
            return patterns("talk", intent)
    return _patterns_of_recommendation(context)


def _patterns_of_recommendation(context: TemplateContext) -> list[str]:
    if context.assumed:
        return patterns("talk", "assumed")
    if context.intent == Intent.OTHER and context.moved_from:
        return patterns("talk", "exhausted")
    if context.passage:
        return patterns("talk", "passage")
    if context.intent == Intent.REFINE:
        of_facet = FACETS[context.facet].sentences if context.facet else ()
        return list(of_facet) or patterns("talk", "refine")
    if context.intent == Intent.ASK and context.subject:
        return patterns("talk", "subject")
    return patterns("talk", context.intent) or patterns("talk", "ask")


def _values(request: ProviderRequest, chance: random.Random) -> Mapping[str, str]:
    context = request.template_context
    values = {
        "category": request.selection.category.label,
        "before": context.moved_from,
        "subject": context.subject,
        "passage": context.passage,
        "assumed": ", ".join(context.assumed),
        "line": settings.LEAFRESH_HELP_LINE,
        **(help_lines.values() if context.intent == Intent.DANGER else {}),
        "tip": chance.choice(patterns("talk", "tip")),
        "choices": ", ".join(f"{n}번 {each.title}" for n, each in enumerate(context.explained, start=1)),
    }
    if len(context.explained) == 1:
        explained = context.explained[0]
        values |= {"title": explained.title, "description": explained.description}
        if context.passage:
            values["tip"] = context.passage
    return values
