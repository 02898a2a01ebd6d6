"""Health checks: liveness (the process answers) and readiness (it can answer requests)."""

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from chatbot.api.envelope import envelope
from chatbot.api.schemas import Envelope
from chatbot.errors import ShuttingDown
from chatbot.runtime import runtime

router = Router(tags=["health"])


@router.get(
    "/health",
    summary="200 while the database answers, 503 when it does not",
    response={200: Envelope[dict[str, str]], 503: Envelope[None]},
)
async def health(request: HttpRequest) -> HttpResponseBase:
    await sync_to_async(_ask_database)()
    return envelope({"database": "ok"}, message="정상")


@router.get(
    "/health/live",
    summary="200 while the process answers at all",
    description="Asks nothing of others: a process that cannot reach its database is not helped by being started anew.",
    response={200: Envelope[None]},
)
async def live(request: HttpRequest) -> HttpResponseBase:
    return envelope(None, message="정상")


@router.get(
    "/health/ready",
    summary="200 while new requests can be answered; 503 while they cannot, or the server stops",
    description="`redis` is `ok`, `gone` or `none`. Without Redis new requests are answered all the same, but nobody "
    "can go on with a stream of another process.",
    response={200: Envelope[dict[str, str]], 503: Envelope[None]},
)
async def ready(request: HttpRequest) -> HttpResponseBase:
    if runtime().registry.draining:
        raise ShuttingDown
    await sync_to_async(_ask_database)()
    cluster = runtime().cluster
    redis = "none" if cluster is None else "ok" if cluster.redis.reachable else "gone"
    return envelope({"database": "ok", "redis": redis}, message="정상")


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
