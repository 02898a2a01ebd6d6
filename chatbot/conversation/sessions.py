"""Reading and writing sessions. Synchronous: callers run it in a thread."""

import contextlib
import re
import uuid
from typing import Any

from django.db import IntegrityError, transaction

from chatbot.conversation import feedback
from chatbot.errors import FieldRequired, MalformedSessionId
from chatbot.models import ChatSession, Generation, Turn

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,128}")


def session_key(text: str | None) -> str:
    """The session's key: what the client sent, or a new one. Raises MalformedSessionId."""
    if text is None or text == "":
        return uuid.uuid4().hex
    if not _VISIBLE_ASCII.fullmatch(text):
        raise MalformedSessionId
    return text


def existing_key(text: str | None) -> str:
    """The key of a session that must have been there before. Raises FieldRequired, MalformedSessionId."""
    if not (text or "").strip():
        raise FieldRequired("sessionId")
    return session_key(text)


def begin(key: str) -> list[str]:
    """Makes sure that the session exists; returns the titles it was given so far, the earliest first.

    Two SQL statements for a new session, one for a known one.
    """
    answers = list(
        ChatSession.objects.filter(pk=key).order_by("turns__pk").values_list("turns__generation__answer", flat=True)
    )
    if not answers:
        with contextlib.suppress(IntegrityError):  # another request of the same session was first
            ChatSession(key=key).save(force_insert=True)
    titles = [challenge["title"] for answer in answers if answer for challenge in answer["challenges"]]
    return list(dict.fromkeys(reversed(titles)))[::-1]


def add_turn(key: str, generation_id: uuid.UUID) -> None:
    """Notes that the session asked for what the generation answers; once, however often it is called."""
    Turn.objects.get_or_create(session_id=key, generation_id=generation_id)


def conversation(key: str) -> dict[str, Any]:
    """The session's turns in order, as the API shows them; none for an unknown session. Two SQL statements."""
    turns = Turn.objects.filter(session_id=key).select_related("generation__prompt_version__template")
    thoughts = feedback.of_session(key)
    return {"sessionId": key, "turns": [_turn(turn, thoughts.get(turn.generation_id)) for turn in turns]}


def _turn(turn: Turn, thought: dict[str, Any] | None) -> dict[str, Any]:
    generation = turn.generation
    return {
        "generationId": str(generation.id),
        "askedAt": turn.created_at.isoformat(),
        "request": {
            "location": generation.location,
            "workType": generation.work_type,
            "category": generation.category,
        },
        "promptVersion": str(generation.prompt_version),
        "source": generation.source,
        "outcome": generation.outcome,
        "answer": generation.answer,
        "feedback": thought,
    }


def forget(key: str) -> list[uuid.UUID]:
    """Erases the session, its turns, its feedback and the generations that answered nobody else; returns those."""
    with transaction.atomic():
        list(ChatSession.objects.select_for_update().filter(pk=key))  # what still wants to add to it finds it gone
        own = list(
            Generation.objects.filter(turns__session_id=key)
            .exclude(turns__in=Turn.objects.exclude(session_id=key))
            .values_list("pk", flat=True)
        )
        ChatSession.objects.filter(pk=key).delete()
        Generation.objects.filter(pk__in=own).delete()
    return own
