"""Whether the server can do its work."""

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from chatbot.api.envelope import envelope
from chatbot.api.schemas import Envelope

router = Router(tags=["health"])


@router.get(
    "/health",
    summary="200 while the database answers, 503 when it does not",
    response={200: Envelope[dict[str, str]], 503: Envelope[None]},
)
async def health(request: HttpRequest) -> HttpResponseBase:
    await sync_to_async(_ask_database)()
    return envelope({"database": "ok"}, message="정상")


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
