"""A session's conversation: reading and forgetting it."""

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Path, Router

from chatbot.api.envelope import envelope
from chatbot.api.schemas import ConversationOut, Envelope
from chatbot.conversation import sessions
from chatbot.recommending import stopping

router = Router(tags=["sessions"])


@router.get(
    "/{path:session_id}",
    summary="The conversation so far",
    description="A session that is not known has no turns.",
    response={200: Envelope[ConversationOut], 422: Envelope[None]},
)
async def read(request: HttpRequest, session_id: Path[str]) -> HttpResponseBase:
    key = sessions.session_key(session_id)
    return envelope(await sync_to_async(sessions.conversation)(key))


@router.delete(
    "/{path:session_id}",
    summary="Forget the conversation",
    description="Idempotent. Ends what still runs for this session alone.",
    response={200: Envelope[None], 422: Envelope[None]},
)
async def forget(request: HttpRequest, session_id: Path[str]) -> HttpResponseBase:
    await stopping.forget(sessions.session_key(session_id))
    return envelope(None, message="대화를 삭제했습니다.")
