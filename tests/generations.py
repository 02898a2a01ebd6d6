"""Generations of this process, for tests that know there is no other."""

from typing import Any

from chatbot.recommending import service
from chatbot.recommending.generation import RunningGeneration
from chatbot.recommending.requests import Request


async def recommend(request: Request, **options: Any) -> tuple[RunningGeneration, str]:
    """``service.recommend``, of which it is known that this process answers."""
    generation, session_id = await service.recommend(request, **options)
    assert isinstance(generation, RunningGeneration)
    return generation, session_id
