"""The embedded answer source: the curated catalogue, written out as a model would. No network, no key."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Iterator, Sequence

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError

from challenges.catalog import suitable
from chatbot.answers.schema import CHALLENGES, RECOMMENDATION, Challenge
from chatbot.db.errors import may_pass
from chatbot.providers.base import ProviderError, ProviderRequest
from chatbot.providers.templates import sentence

REMEMBERED = 30
"""Challenges of each category that are kept for when the database is gone."""

SPARE = 9
"""Challenges that are looked at beyond those needed, when some may be about something that is not wanted."""


class CatalogProvider:
    """Picks challenges that suit what was asked and introduces them in varied words. The same seed, the same answer."""

    name = "catalog"
    hosted = False

    def __init__(self, *, delay_ms: float | None = None) -> None:
        self._delay_ms = delay_ms

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        delay = settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS if self._delay_ms is None else self._delay_ms
        challenges = await sync_to_async(_challenges)(request) if request.kind == RECOMMENDATION else []
        if request.kind == RECOMMENDATION and len(challenges) < CHALLENGES:
            raise ProviderError(f"The catalogue has only {len(challenges)} active challenges: load or activate more.")
        chance = random.Random(request.seed)  # noqa: S311  variety, not secrecy
        for piece in cut(answer_text(sentence(request, chance), challenges), chance):
            yield piece
            await asyncio.sleep(delay / 1000)


def _challenges(request: ProviderRequest) -> list[Challenge]:
    """Those that were looked up first, then what suits the selection; what the session had before comes last, and what
    is about something refused."""
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
"""What was read of each category lately, by title."""


def _suiting(request: ProviderRequest, count: int) -> list[Challenge]:
    """From the database; while it does not answer, of what was read before: an answer that has begun is finished."""
    given = [*request.given, *request.already]
    category = request.selection.category.key
    try:
        rows = suitable(selection=request.selection, given=given, seed=request.seed, count=count)
    except DatabaseError as error:
        known = list(_lately.get(category, {}).values())
        if not may_pass(error) or len(known) < CHALLENGES:
            raise
        random.Random(request.seed).shuffle(known)  # noqa: S311  variety, not secrecy
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
    """``text`` in pieces of one to four characters, about what a model's tokens are in Korean."""
    position = 0
    while position < len(text):
        size = chance.randint(1, 4)
        yield text[position : position + size]
        position += size
