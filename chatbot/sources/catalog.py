"""The embedded answer source: the curated catalogue, written out as a model would. No network, no key."""

import asyncio
import json
import random
import tomllib
from collections.abc import AsyncGenerator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings

from challenges.catalog import Selection, suitable
from challenges.models import Challenge
from chatbot.sources.base import SourceError, SourceRequest

WORDING = Path(__file__).parent / "wording.toml"
CHALLENGES = 3


class CatalogSource:
    """Picks challenges that suit the selection and introduces them in varied words. The same seed, the same answer."""

    name = "catalog"
    hosted = False

    def __init__(self, *, delay_ms: float | None = None) -> None:
        self._delay_ms = delay_ms

    async def stream(self, request: SourceRequest) -> AsyncGenerator[str, None]:
        delay = settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS if self._delay_ms is None else self._delay_ms
        challenges = await sync_to_async(suitable)(
            selection=request.selection, given=[*request.given, *request.already], seed=request.seed, count=CHALLENGES
        )
        if len(challenges) < CHALLENGES:
            raise SourceError(f"The catalogue has only {len(challenges)} active challenges: load or activate more.")
        chance = random.Random(request.seed)  # noqa: S311  variety, not secrecy
        for piece in cut(answer_text(request.selection, challenges, chance), chance):
            yield piece
            await asyncio.sleep(delay / 1000)


def answer_text(selection: Selection, challenges: list[Challenge], chance: random.Random) -> str:
    """The JSON text of an answer."""
    answer = {
        "recommend": introduction(selection, chance),
        "challenges": [
            {
                "title": challenge.title,
                "description": challenge.description,
                "category": challenge.category.key,
            }
            for challenge in challenges
        ],
    }
    return json.dumps(answer, ensure_ascii=False)


def introduction(selection: Selection, chance: random.Random) -> str:
    """A friendly sentence that names the category."""
    pattern = chance.choice(_patterns(selection.location.key))
    return pattern.replace("{category}", selection.category.label)


def cut(text: str, chance: random.Random) -> Iterator[str]:
    """``text`` in pieces of one to four characters, about what a model's tokens are in Korean."""
    position = 0
    while position < len(text):
        size = chance.randint(1, 4)
        yield text[position : position + size]
        position += size


@cache
def _patterns(location: str) -> list[str]:
    """The sentences that suit a location (its key)."""
    wording: dict[str, Any] = tomllib.loads(WORDING.read_text("utf-8"))
    return [*wording["general"], *wording["location"].get(location, [])]
