"""Routes that stop a generation, and routes for feedback on its answer."""

import uuid
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Body, Router

from chatbot.api.client import proof_of
from chatbot.api.documentation import refusals
from chatbot.api.envelope import envelope
from chatbot.api.schemas import Envelope, FeedbackIn, InvalidFieldsOut, RatedOut, StopOut
from chatbot.api.throttling import admit_reading
from chatbot.errors import FieldRequired
from chatbot.runtime import runtime
from chatbot.sessions import feedback, store
from chatbot.sessions.store import existing_key

router = Router(tags=["generations"])


@router.post(
    "/{uuid:generation_id}/stop",
    summary="Stop a generation",
    description="Idempotent: one that is over stays as it is. Its stream closes with what was complete. "
    "With `sessionId`, a generation that other sessions share ends for this session alone; without, it goes on.",
    response={200: Envelope[StopOut], **refusals(403, 404, 429)},
)
async def stop(
    request: HttpRequest,
    generation_id: uuid.UUID,
    sessionId: str | None = None,  # noqa: N803  its name on the wire
    sessionToken: str = "",  # noqa: N803  the same
) -> HttpResponseBase:
    await admit_reading(request)
    await runtime().registry.check_resuming(generation_id, sessionId or "", proof_of(request, sessionToken))
    outcome = await runtime().cancellation.stop(generation_id, session_id=sessionId or "")
    return envelope({"generationId": str(generation_id), "outcome": outcome})


@router.put(
    "/{uuid:generation_id}/feedback",
    summary="Say what one thinks of an answer",
    description="A thumb for a generation that answered the session, with a reason if there is one. "
    "Once per session and generation: the last one counts. 404 when the session never asked for the generation.",
    response={200: Envelope[RatedOut], 400: Envelope[InvalidFieldsOut | None], **refusals(403, 404, 422, 429)},
)
async def rate(request: HttpRequest, generation_id: uuid.UUID, thought: Body[FeedbackIn]) -> HttpResponseBase:
    session_key = existing_key(thought.sessionId)
    await admit_reading(request)
    await sync_to_async(store.check_owner)(session_key, proof_of(request, thought.sessionToken))
    if not (thought.thumb or "").strip():
        raise FieldRequired("thumb")
    given = await sync_to_async(feedback.give)(
        session_key=session_key,
        generation_id=generation_id,
        thumb=thought.thumb or "",
        reason=thought.reason or "",
    )
    return _rated(generation_id, feedback.shown(given), "의견을 저장했습니다.")


@router.delete(
    "/{uuid:generation_id}/feedback",
    summary="Take it back",
    description="Idempotent. 404 when the session never asked for the generation.",
    response={200: Envelope[RatedOut], **refusals(400, 403, 404, 422, 429)},
)
async def withdraw(
    request: HttpRequest,
    generation_id: uuid.UUID,
    sessionId: str | None = None,  # noqa: N803  its name on the wire
    sessionToken: str = "",  # noqa: N803  the same
) -> HttpResponseBase:
    session_key = existing_key(sessionId)
    await admit_reading(request)
    await sync_to_async(store.check_owner)(session_key, proof_of(request, sessionToken))
    await sync_to_async(feedback.withdraw)(session_key=session_key, generation_id=generation_id)
    return _rated(generation_id, None, "의견을 취소했습니다.")


def _rated(generation_id: uuid.UUID, thought: dict[str, Any] | None, message: str) -> HttpResponseBase:
    return envelope({"generationId": str(generation_id), "feedback": thought}, message=message)
