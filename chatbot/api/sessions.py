"""Routes that read and erase the conversation of a session."""

import re
import uuid
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Path, Router

from chatbot.api.client import proof_of, send_grant
from chatbot.api.documentation import parameter, refusals
from chatbot.api.envelope import envelope
from chatbot.api.schemas import ConversationOut, Envelope
from chatbot.api.throttling import admit_reading
from chatbot.errors import PageSize, UnknownTurn
from chatbot.runtime import runtime
from chatbot.sessions import ownership, store
from chatbot.sessions.conversation import LARGEST_PAGE, PAGE, conversation
from chatbot.sessions.store import session_key

router = Router(tags=["sessions"])

_PAGING: dict[str, Any] = {
    "parameters": [
        parameter("limit", "How many turns", type="integer", minimum=1, maximum=LARGEST_PAGE, default=PAGE),
        parameter(
            "before",
            "The `before` of the page after this one, which is the `generationId` of its first turn",
            format="uuid",
        ),
    ]
}


@router.get(
    "/{path:session_id}",
    summary="The conversation so far",
    description="The newest turns, the oldest of them first. A session that is not known has none.",
    openapi_extra=_PAGING,
    response={200: Envelope[ConversationOut], **refusals(403, 422, 429)},
)
async def read(request: HttpRequest, session_id: Path[str]) -> HttpResponseBase:
    key, proof = session_key(session_id), proof_of(request)
    limit, before = _page_size(request.GET.get("limit")), _turn(request.GET.get("before"))
    await admit_reading(request)
    is_known = await sync_to_async(store.check_owner)(key, proof, private=True) is not None
    response = envelope(await sync_to_async(conversation)(key, limit=limit, before=before))
    response["Cache-Control"] = "no-store"
    return response if is_known else send_grant(response, ownership.offered(proof, key), proof)


def _page_size(text: str | None) -> int:
    """Parses the parameter ``limit``. Raises PageSize."""
    if not text:
        return PAGE
    if not re.fullmatch(r"[0-9]{1,4}", text) or not 1 <= int(text) <= LARGEST_PAGE:
        raise PageSize(LARGEST_PAGE)
    return int(text)


def _turn(text: str | None) -> uuid.UUID | None:
    """Parses the parameter ``before``. Raises UnknownTurn."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        raise UnknownTurn from None


@router.delete(
    "/{path:session_id}",
    summary="Forget the conversation",
    description="Idempotent. Ends what still runs for this session alone.",
    response=refusals(200, 403, 422, 429),
)
async def forget(request: HttpRequest, session_id: Path[str], sessionToken: str = "") -> HttpResponseBase:  # noqa: N803  its name on the wire
    key = session_key(session_id)
    await admit_reading(request)
    await sync_to_async(store.check_owner)(key, proof_of(request, sessionToken), private=True)
    await runtime().cancellation.forget(key)
    return envelope(None, message="대화를 삭제했습니다.")
