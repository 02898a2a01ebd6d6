"""What a client asks for in one message. Pure: text in, values out, ApplicationError for what makes no sense."""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from chatbot.api.recommendation import token_format
from chatbot.dialogue.requests import BaseInfoRequest, FreeTextRequest, Request
from chatbot.errors import ApplicationError, FieldRequired, NotFound
from chatbot.events.types import TokenFormat

Fields = Mapping[str, object]

_REQUEST_ID = re.compile(r"[\x20-\x7e]{1,64}")


@dataclass(frozen=True, slots=True)
class Question:
    """Asks for an answer as events, from behind ``last_event_id`` if the client has one. Without a ``request`` there
    is only something to resume, nothing to begin."""

    request: Request | None
    last_event_id: str | None
    token_format: TokenFormat


@dataclass(frozen=True, slots=True)
class Stop:
    """Stops the generation, or what runs for the connection."""

    generation_id: uuid.UUID | None


def read_object(text: str | None) -> Fields:
    """The JSON object in a message; a binary message has no text."""
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
    """What the client calls its request: 1–64 printable ASCII characters."""
    request_id = fields.get("requestId")
    if request_id is not None and not (isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id)):
        raise ApplicationError(422, "requestId는 ASCII 문자 1자 이상 64자 이하여야 합니다.")
    return request_id


def read_session_token(fields: Fields) -> str:
    """The token with which the client shows that the session is its own; empty when there is none."""
    (token,) = _texts(fields, "sessionToken")
    return token or ""


def read(fields: Fields, *, session_id: str) -> Question | Stop:
    """What the message asks for, on behalf of the session."""
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
    """The fields' values, None for those that are missing; whatever else is no text is said, all together."""
    values = [fields.get(name) for name in names]
    wrong = [name for name, value in zip(names, values, strict=True) if not isinstance(value, str | None)]
    if wrong:
        raise ApplicationError(400, "문자열이 아닌 값이 포함되어 있습니다.", {"invalidFields": wrong})
    return [value if isinstance(value, str) else None for value in values]


def _generation_id(text: str | None) -> uuid.UUID | None:
    if text is None:
        return None
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound from None
