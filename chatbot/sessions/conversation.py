"""Reads the turns of a session in the format of the API. Synchronous: callers run it in a thread."""

import uuid
from itertools import pairwise
from typing import Any

from django.db.models import Q, QuerySet

from challenges.catalog import Choice, Options, options
from challenges.text import with_particle
from chatbot.errors import UnknownTurn
from chatbot.models import Outcome, Turn
from chatbot.sessions import feedback
from chatbot.sessions.memory import cutoff, lasting

PAGE, LARGEST_PAGE = 50, 200
"""The default and the maximum number of turns on one page."""

_UNREAD = (
    *("system_prompt", "user_prompt", "raw_text", "variables", "tried", "mends"),
    *("prompt_version__system_text", "prompt_version__user_text"),
)
"""Large columns of a generation that are not read, because a conversation does not show them."""


def conversation(key: str, *, limit: int = PAGE, before: uuid.UUID | None = None) -> dict[str, Any]:
    """The newest turns of the session in order. An unknown session has none. Of attempts at one request that the
    client left, the last one is shown.

    A bound session shows only the turns that its owner requested. ``before`` is a generation: the page ends before the
    turn of that generation. Takes two SQL statements, another one for ``before``, and another one if a turn changed the
    category. Raises UnknownTurn.
    """
    shown = Q(by_owner=True) | Q(session__bound=False)
    turns = Turn.objects.filter(lasting(), shown, session_id=key, session__active_at__gte=cutoff())
    if before is not None:
        turns = turns.filter(pk__lt=_number_of(before, turns))
    wide = (f"generation__{name}" for name in _UNREAD)
    newest = turns.select_related("generation__prompt_version__template").defer(*wide).order_by("-pk")
    read = list(newest[: limit + 1])
    page, has_more = read[:limit][::-1], len(read) > limit
    before = page[0].generation_id if has_more else None
    page = [turn for turn, after in pairwise([*page, None]) if turn and not (after and _is_superseded(turn, after))]
    thumbs = feedback.of_session(key, [turn.generation_id for turn in page])
    known = options.get() if any(turn.moved_from for turn in page) else None
    return {
        "sessionId": key,
        "turns": [_turn(turn, thumbs.get(turn.generation_id), known) for turn in page],
        "hasMore": has_more,
        "before": str(before) if before else None,
    }


def _is_superseded(turn: Turn, after: Turn) -> bool:
    """Whether the client left before there was an answer, and then asked the same: a hidden tab does so by itself."""
    return turn.generation.outcome in {Outcome.ABANDONED, Outcome.INTERRUPTED} and _asked(turn) == _asked(after)


def _asked(turn: Turn) -> tuple[str, ...]:
    generation = turn.generation
    return (turn.message,) if turn.message else (generation.location, generation.work_type, generation.category)


def _number_of(generation_id: uuid.UUID, turns: QuerySet[Turn]) -> int:
    """The number of the turn that the generation answers; 0 when there are no turns."""
    number = turns.filter(generation_id=generation_id).values_list("pk", flat=True).first()
    if number is None and turns.exists():
        raise UnknownTurn
    return number or 0


def _turn(turn: Turn, thumb: dict[str, Any] | None, known: Options | None) -> dict[str, Any]:
    generation = turn.generation
    return {
        "generationId": str(generation.id),
        "askedAt": turn.created_at.isoformat(),
        "request": {
            "location": generation.location,
            "workType": generation.work_type,
            "category": generation.category,
            **({"message": turn.message, "intent": turn.intent} if turn.message else {}),
        },
        "promptVersion": str(generation.prompt_version),
        "source": generation.source,
        "outcome": generation.outcome,
        "answer": generation.answer,
        "notices": _notices(turn, known) if known else [],
        "feedback": thumb,
    }


def _notices(turn: Turn, known: Options) -> list[dict[str, Any]]:
    """The notice of a changed category, unless one of the two categories no longer exists."""
    before, now = known.categories.get(turn.moved_from), known.categories.get(turn.generation.category)
    return [{"kind": "category-changed", **category_changed(before, now)}] if before and now else []


def category_changed(before: Choice, now: Choice) -> dict[str, Any]:
    """The details of the notice ``category-changed``. ``undo`` is the message that changes the category back."""
    return {"from": labelled(before), "to": labelled(now), "undo": f"{with_particle(before.label, '으로/로')} 바꿔줘"}


def labelled(choice: Choice) -> dict[str, str]:
    """An option in the format of notices."""
    return {"key": choice.key, "label": choice.label}
