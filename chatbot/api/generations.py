"""Stopping a generation."""

import uuid

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from chatbot.api.envelope import envelope
from chatbot.api.schemas import Envelope, StopOut
from chatbot.recommending import service

router = Router(tags=["generations"])


@router.post(
    "/{uuid:generation_id}/stop",
    summary="Stop a generation",
    description="Idempotent: one that is over stays as it is. Its stream closes with what was complete. "
    "With `sessionId`, a generation that other sessions share ends for this session alone.",
    response={200: Envelope[StopOut], 404: Envelope[None]},
)
async def stop(
    request: HttpRequest,
    generation_id: uuid.UUID,
    sessionId: str | None = None,  # noqa: N803  its name on the wire
) -> HttpResponseBase:
    outcome = await service.stop(generation_id, session_id=sessionId)
    return envelope({"generationId": str(generation_id), "outcome": outcome})
