"""Generations of this process, for tests that know there is no other."""

import uuid
from typing import Any

from chatbot import service
from chatbot.generation.local import LocalGeneration
from chatbot.models import Outcome
from chatbot.runtime import runtime
from chatbot.service import Request


async def recommend(request: Request, **options: Any) -> tuple[LocalGeneration, str]:
    """The generation that answers the request, with the session's id."""
    joined = await service.join(request, **options)
    assert isinstance(joined.generation, LocalGeneration)
    return joined.generation, joined.request.session_id


async def stop(generation_id: uuid.UUID, *, session_id: str = "") -> Outcome:
    return await runtime().cancellation.stop(generation_id, session_id=session_id)


async def forget(session_id: str) -> None:
    await runtime().cancellation.forget(session_id)
