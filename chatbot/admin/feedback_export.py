"""Feedback as a file for spreadsheets, written in pieces: there may be very much of it."""

import codecs
import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils.timezone import localtime, now

from challenges.admin.formats import guarded
from challenges.admin.resources import SEPARATOR
from chatbot.answers.schema import RECOMMENDATION
from chatbot.models import Feedback

PIECE = 500
"""Rows that are read and written at once."""

COLUMNS = (
    *("given_at", "thumb", "reason", "kind", "message", "recommend", "challenges"),
    *("category", "prompt_version", "source", "generation"),
)
"""Not the session's id: who knows it can read the conversation."""


def export_response(rows: QuerySet[Feedback]) -> StreamingHttpResponse:
    """The rows, which carry ``message_said``, the newest first, as a download in UTF-8 with a byte order mark."""
    name = f"feedback-{localtime(now()):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_pieces(rows), content_type="text/csv; charset=utf-8", headers=headers)


async def _pieces(rows: QuerySet[Feedback]) -> AsyncIterator[bytes]:
    """Each piece is a query of its own that goes on where the last ended: nothing is held open for a slow reader."""
    yield codecs.BOM_UTF8 + _written([COLUMNS])
    found = rows.order_by("-given_at", "-pk")
    last: tuple[Any, int] | None = None
    while True:
        piece, last = await sync_to_async(_piece)(found, last)
        if piece:
            yield piece
        if last is None:
            return


def _piece(found: QuerySet[Feedback], last: tuple[Any, int] | None) -> tuple[bytes, tuple[Any, int] | None]:
    """The rows behind the ``last`` one, and which is the last now; None at the end. One SQL statement."""
    if last is not None:
        given_at, pk = last
        found = found.filter(given_at__lte=given_at).filter(Q(given_at__lt=given_at) | Q(pk__lt=pk))
    rows = list(found.values("pk", *_VALUES)[:PIECE])
    end = (rows[-1]["given_at"], rows[-1]["pk"]) if len(rows) == PIECE else None
    return _written(_cells(row) for row in rows), end


_ANSWER, _NUMBER = "generation__answer", "generation__prompt_version__number"
_TEMPLATE = "generation__prompt_version__template__key"
_VALUES = (
    *("given_at", "thumb", "reason", "message_said", _ANSWER, "generation__category", _TEMPLATE, _NUMBER),
    *("generation__source", "generation_id"),
)


def _cells(row: Mapping[str, Any]) -> list[str]:
    """The row in the order of ``COLUMNS``."""
    answer = row[_ANSWER] or {}
    return [
        f"{localtime(row['given_at']):%Y-%m-%d %H:%M:%S}",
        row["thumb"],
        row["reason"],
        answer.get("kind", RECOMMENDATION) if answer else "",
        row["message_said"] or "",
        answer.get("recommend", ""),
        SEPARATOR.join(challenge["title"] for challenge in answer.get("challenges", [])),
        row["generation__category"],
        f"{row[_TEMPLATE]}@{row[_NUMBER]}" if row[_TEMPLATE] else "",
        row["generation__source"],
        str(row["generation_id"]),
    ]


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
