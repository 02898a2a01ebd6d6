"""The messages that a client gets, as text. The envelope inside is the one of an SSE event's ``data:``, to the byte."""

import uuid
from collections.abc import Mapping

from chatbot.errors import ApplicationError
from chatbot.events.cursor import event_id
from chatbot.events.subscription import Numbered
from chatbot.events.types import Failed, encode, encode_event

RESET = "stream-reset"
"""What was sent of the answer is void: it begins anew, or cannot be resumed."""

UP_TO_DATE = "up-to-date"
"""The client has seen the answer's last event."""


def numbered(event: Numbered, generation_id: uuid.UUID, *, request_id: str | None) -> str:
    """An event of a generation."""
    return _message(event.name, request_id, number_id=event_id(generation_id, event.number), data=event.data)


def sign(name: str, *, request_id: str | None) -> str:
    """RESET or UP_TO_DATE: everything is in the name."""
    return _message(name, request_id)


def stopped(outcome: Mapping[str, str] | None, *, request_id: str | None) -> str:
    """What became of the generation that was to be stopped, as HTTP says it; None when there was none."""
    return _message("stopped", request_id, data=encode({"status": 200, "message": "성공", "data": outcome}))


def refusal(error: ApplicationError, *, request_id: str | None) -> str:
    """An error that is no event of a generation. ``retryAfter``, in seconds, says when to come back."""
    envelope = encode_event(Failed(error.status, error.message, error.data))
    return _message("error", request_id, retry_after=error.retry_after, data=envelope)


def _message(
    name: str, request_id: str | None, *, number_id: str = "", retry_after: int | None = None, data: str = ""
) -> str:
    """One message. ``data`` is JSON already, and stays as it is."""
    parts = [f'"event":"{name}"']
    if number_id:
        parts.append(f'"id":"{number_id}"')
    if request_id is not None:
        parts.append(f'"requestId":{encode(request_id)}')
    if retry_after is not None:
        parts.append(f'"retryAfter":{retry_after}')
    if data:
        parts.append(f'"data":{data}')
    return "{" + ",".join(parts) + "}"
