"""The feedback of a session on its answers. Synchronous: callers run it in a thread."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db import IntegrityError, transaction

from challenges.text import nfc, storable
from chatbot.errors import NotFound, ReasonTooLong, UnknownThumb
from chatbot.models import Feedback, Thumb, Turn
from chatbot.sessions.memory import cutoff, lasting

REASON_LENGTH = 500
"""The maximum length of a reason: Python's ``len`` after NFC."""

_COMPOSED_FROM = 4
"""NFC makes a text at most so many times shorter. A reason that would still be too long is refused before NFC."""


def give(*, session_key: str, generation_id: uuid.UUID, thumb: str, reason: str = "") -> Feedback:
    """Saves the session's thumb for a generation, and replaces an earlier one. The generation may still run.

    Raises UnknownThumb, ReasonTooLong, and NotFound for a generation that does not answer the session.
    """
    if thumb not in Thumb.values:
        raise UnknownThumb(Thumb.values)
    feedback = Feedback(
        session_id=session_key, generation_id=generation_id, thumb=Thumb(thumb), reason=_kept_reason(reason)
    )
    _require_turn(session_key, generation_id)
    try:
        # One statement, so that two simultaneous thumbs do not both insert a row.
        with transaction.atomic():
            Feedback.objects.bulk_create(
                [feedback],
                update_conflicts=True,
                unique_fields=["session", "generation"],
                update_fields=["thumb", "reason", "given_at"],
            )
    except IntegrityError:  # the session was forgotten at the same moment
        raise NotFound from None
    return feedback


def withdraw(*, session_key: str, generation_id: uuid.UUID) -> None:
    """Deletes the session's thumb, if there is one. Raises NotFound as ``give`` does."""
    _require_turn(session_key, generation_id)
    Feedback.objects.filter(session_id=session_key, generation_id=generation_id).delete()


def of_session(session_key: str, generation_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """The session's feedback in the format of the API, by generation."""
    given = Feedback.objects.filter(session_id=session_key, generation__in=generation_ids)
    return {feedback.generation_id: shown(feedback) for feedback in given}


def shown(feedback: Feedback) -> dict[str, Any]:
    """The feedback in the format of the API."""
    return {"thumb": feedback.thumb, "reason": feedback.reason}


def _kept_reason(reason: str) -> str:
    if len(reason) > _COMPOSED_FROM * REASON_LENGTH:
        raise ReasonTooLong(REASON_LENGTH)
    kept = nfc(storable(reason))
    if len(kept) > REASON_LENGTH:
        raise ReasonTooLong(REASON_LENGTH)
    return kept


def _require_turn(session_key: str, generation_id: uuid.UUID) -> None:
    turns = Turn.objects.filter(lasting(), session_id=session_key, generation_id=generation_id)
    if not turns.filter(session__active_at__gte=cutoff()).exists():  # an expired session counts as forgotten
        raise NotFound
