"""Reads the client's messages, and writes those to the client. Pure functions.

The envelope in a message is byte for byte the ``data:`` of the SSE event.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from chatbot.api.recommendation import token_format
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.errors import ApplicationError, FieldRequired, FieldsNotText, NotFound
from chatbot.events.log import Numbered, event_id
from chatbot.events.types import Failed, TokenFormat, encode, encode_event
from chatbot.service import Request

Fields = Mapping[str, object]

_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,64}")

RESET = "stream-reset"
"""Tells the client to discard what it has received of the answer: it begins again, or cannot be resumed."""

KEEP_ALIVE = "keep-alive"
"""Nothing happened, and the connection is there."""

UP_TO_DATE = "up-to-date"
"""The client has seen the answer's last event."""


@dataclass(frozen=True, slots=True)
class Question:
    """Requests the events of an answer, or only those after ``last_event_id``.

    Without a ``request`` the client can resume an answer, but not begin one.
    """

    request: Request | None
    last_event_id: str | None
    token_format: TokenFormat


@dataclass(frozen=True, slots=True)
class Stop:
    """Stops the generation; without an id, the one whose events the connection gets now."""

    generation_id: uuid.UUID | None


def read_object(text: str | None) -> Fields:
    """The JSON object in a message; ``text`` is None for a binary message. Raises ApplicationError."""
    if text is None:
        raise ApplicationError(400, "바이너리 메시지는 지원하지 않습니다. JSON 텍스트로 보내 주세요.")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ApplicationError(400, "메시지가 올바른 JSON이 아닙니다.") from None
    if not isinstance(value, dict):
        raise ApplicationError(400, "메시지는 JSON 객체여야 합니다.")
    return value


def read_request_id(fields: Fields) -> str | None:
    """The client's own id for its request: 1–64 printable ASCII characters. Raises ApplicationError."""
    request_id = fields.get("requestId")
    if request_id is not None and not (isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id)):
        raise ApplicationError(422, "requestId는 ASCII 문자 1자 이상 64자 이하여야 합니다.")
    return request_id


def read_session_token(fields: Fields) -> str:
    """The session token, "" when there is none. Raises ApplicationError."""
    (token,) = _texts(fields, "sessionToken")
    return token or ""


def read_command(fields: Fields, *, session_id: str) -> Question | Stop:
    """The command in the message. Raises ApplicationError."""
    match fields.get("type"):
        case "recommend":
            location, work_type, category = _texts(fields, "location", "workType", "category")
            return _question(fields, BaseInfoRequest(location, work_type, category, session_id))
        case "say":
            (message,) = _texts(fields, "message")
            return _question(fields, FreeTextRequest(message, session_id))
        case "resume":
            question = _question(fields, None)
            if not (question.last_event_id or "").strip():
                raise FieldRequired("lastEventId")
            return question
        case "stop":
            return Stop(_generation_id(*_texts(fields, "generationId")))
        case None:
            raise FieldRequired("type")
        case _:
            raise ApplicationError(400, "알 수 없는 type입니다. recommend, say, resume, stop 중 하나여야 합니다.")


def _question(fields: Fields, request: Request | None) -> Question:
    last_event_id, tokens = _texts(fields, "lastEventId", "tokens")
    return Question(request, last_event_id, token_format(tokens or ""))


def _texts(fields: Fields, *names: str) -> list[str | None]:
    """The values of the fields; None for a missing one. Raises FieldsNotText, which names all fields that are no
    text."""
    values = [fields.get(name) for name in names]
    wrong = [name for name, value in zip(names, values, strict=True) if not isinstance(value, str | None)]
    if wrong:
        raise FieldsNotText(wrong)
    return [value if isinstance(value, str) else None for value in values]


def _generation_id(text: str | None) -> uuid.UUID | None:
    try:
        return None if text is None else uuid.UUID(text)
    except ValueError:
        raise NotFound from None


def event_message(event: Numbered, generation_id: uuid.UUID, *, request_id: str | None) -> str:
    """The message with an event of a generation."""
    return _message(event.name, request_id, number_id=event_id(generation_id, event.number), data=event.data)


def plain_message(name: str, *, request_id: str | None) -> str:
    """The message KEEP_ALIVE, RESET or UP_TO_DATE. None has data."""
    return _message(name, request_id)


def stop_message(outcome: Mapping[str, str] | None, *, request_id: str | None) -> str:
    """The reply to ``stop``. ``outcome`` is the same as over HTTP; None when no generation was running."""
    return _message("stopped", request_id, data=encode({"status": 200, "message": "성공", "data": outcome}))


def error_message(error: ApplicationError, *, request_id: str | None) -> str:
    """The message for an error that is not an event of a generation. ``retryAfter`` is in seconds."""
    envelope = encode_event(Failed(error.status, error.message, error.data))
    return _message("error", request_id, retry_after=error.retry_after, data=envelope)


def _message(
    name: str, request_id: str | None, *, number_id: str = "", retry_after: int | None = None, data: str = ""
) -> str:
    """One message as JSON. ``data`` is JSON already and is inserted unchanged."""
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
