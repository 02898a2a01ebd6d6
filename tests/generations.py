"""Generations of this process, for tests that know there is no other."""

from typing import Any

from chatbot import service
from chatbot.dialogue.requests import Request
from chatbot.generation.local import LocalGeneration


async def recommend(request: Request, **options: Any) -> tuple[LocalGeneration, str]:
    """``service.recommend``, of which it is known that this process answers."""
    generation, session_id = await service.recommend(request, **options)
    assert isinstance(generation, LocalGeneration)
    return generation, session_id
