"""The routes for recommendations: they answer a selection or a message with a stream or with the whole answer."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Body, Query, Router

from chatbot import service
from chatbot.api import documentation
from chatbot.api.client import proof_of, send_grant
from chatbot.api.envelope import envelope, wants_events
from chatbot.api.schemas import AnswerOut, BaseInfo, Envelope, FreeText
from chatbot.api.throttling import RateLimiter
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.events.subscription import RETRY_SECONDS, cursor_of, single_event_response, stream_response
from chatbot.events.types import TokenFormat, encode_event
from chatbot.resumption import Past
from chatbot.service import Request

router = Router(tags=["recommendation"])


@router.get(
    "/base-info",
    summary="Recommend for a selection, as a stream",
    description=documentation.STREAM,
    openapi_extra=documentation.STREAM_RESPONSES,
    response=documentation.REFUSALS,
)
async def stream_base_info(request: HttpRequest, selection: Query[BaseInfo], tokens: str = "") -> HttpResponseBase:
    return await _stream(request, _selected(request, selection), tokens)


@router.post(
    "/base-info",
    summary="Recommend for a selection, as one answer",
    description=documentation.ANSWER,
    response={200: Envelope[AnswerOut], **documentation.REFUSALS, 502: Envelope[None]},
)
async def answer_base_info(
    request: HttpRequest, selection: Body[BaseInfo], tokens: str = "", answer: str = ""
) -> HttpResponseBase:
    return await _answer(request, _selected(request, selection), tokens, answer)


@router.get(
    "/free-text",
    summary="Answer what a person says, as a stream",
    description=documentation.FREE_TEXT + documentation.STREAM,
    openapi_extra=documentation.STREAM_RESPONSES,
    response=documentation.REFUSALS,
)
async def stream_free_text(request: HttpRequest, said: Query[FreeText], tokens: str = "") -> HttpResponseBase:
    return await _stream(request, _said(request, said), tokens)


@router.post(
    "/free-text",
    summary="Answer what a person says, as one answer",
    description=documentation.FREE_TEXT + documentation.ANSWER,
    response={200: Envelope[AnswerOut], **documentation.REFUSALS, 502: Envelope[None]},
)
async def answer_free_text(
    request: HttpRequest, said: Body[FreeText], tokens: str = "", answer: str = ""
) -> HttpResponseBase:
    return await _answer(request, _said(request, said), tokens, answer)


async def _answer(request: HttpRequest, asked: Request, tokens: str, answer: str) -> HttpResponseBase:
    if wants_events(request):
        return await _stream(request, asked, tokens)
    close, joined = await service.answer(asked, limiter=RateLimiter(request))
    is_basic = "basic" in {answer, settings.LEAFRESH_ANSWER_FORMAT} and answer != "full"
    response = envelope(close.basic() if is_basic else close.payload(), message=close.message)
    send_grant(response, joined.grant, asked.proof)
    return _with_ids(response, str(joined.generation.id), joined.request.session_id)


async def _stream(request: HttpRequest, asked: Request, tokens: str) -> HttpResponseBase:
    found = await service.open_stream(
        asked,
        cursor=cursor_of(request),
        token_format=token_format(tokens),
        limiter=RateLimiter(request),
    )
    match found:
        case service.Stream(generation=generation, grant=grant):
            response = stream_response(found.subscriptions())
            send_grant(response, grant, asked.proof)
            return _with_ids(response, str(generation.id), found.session_id)
        case Past(generation_id, number, event):
            data = encode_event(event)
            return single_event_response(
                event.name, data, generation_id=generation_id, number=number, retry_seconds=RETRY_SECONDS
            )
        case _:
            return HttpResponse(status=204)


def _selected(request: HttpRequest, selection: BaseInfo) -> BaseInfoRequest:
    return BaseInfoRequest(
        location=selection.location,
        work_type=selection.workType,
        category=selection.category,
        session_id=selection.sessionId or "",
        proof=proof_of(request, selection.sessionToken),
    )


def _said(request: HttpRequest, said: FreeText) -> FreeTextRequest:
    proof = proof_of(request, said.sessionToken)
    return FreeTextRequest(message=said.message, session_id=said.sessionId or "", proof=proof)


def token_format(asked: str) -> TokenFormat:
    """The token format that the client requested. An unknown value means the default."""
    return "text" if "text" in {asked, settings.LEAFRESH_TOKEN_FORMAT} and asked != "object" else "object"


def _with_ids(response: HttpResponseBase, generation_id: str, session_id: str) -> HttpResponseBase:
    response["X-Leafresh-Generation"] = generation_id
    if session_id:
        response["X-Leafresh-Session"] = session_id
    return response
