"""Erases sessions in short transactions, so that other writers get their turn. Synchronous.

``forget`` first marks a session: from then on its turns are hidden, and the next request with its key begins a new
conversation. After an interruption, the next ``forget`` or ``purge`` erases the remaining rows.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet

from chatbot.models import ChatSession, Feedback, Generation, GivenTitle, Outcome, Turn

BATCH = 100
"""The maximum number of turns that one transaction erases, with their feedback and generations."""

TITLES = 500
"""The maximum number of given titles that one transaction erases."""

Rows = Counter[str]
"""The number of rows by the name of their model, such as ``Turn``."""


@dataclass(slots=True)
class Erased:
    """The result of one transaction. ``generations`` were erased: they answered no other session. ``done``: no turns
    are left."""

    rows: Rows
    generations: list[uuid.UUID]
    done: bool


def forgetting(key: str, *, spare: Collection[uuid.UUID] = ()) -> Iterator[list[uuid.UUID]]:
    """Erases the session with its turns and feedback, and the generations that answered no other session.

    Each step of the iterator is one short transaction and yields the generations that it erased. The first step hides
    all turns. Generations in ``spare`` are kept: other sessions have joined them, but may not have written their turns
    yet.
    """
    through = _mark(key)
    yield []
    while through is not None:
        erased = erase_through(key, through, spare=spare, running=True)
        yield erased.generations
        if erased.done:
            return


def forget(key: str) -> list[uuid.UUID]:
    """Runs all steps of ``forgetting``. Returns the erased generations."""
    return [generation_id for erased in forgetting(key) for generation_id in erased]


def _mark(key: str) -> int | None:
    """Hides all turns of the session. Returns the number of the last one; None for an unknown session."""
    with transaction.atomic():
        # A request that is adding a turn waits for this lock, so its turn comes after the mark.
        if not ChatSession.objects.select_for_update().filter(pk=key).exists():
            return None
        last: int = Turn.objects.filter(session_id=key).aggregate(last=Max("pk"))["last"] or 0
        ChatSession.objects.filter(pk=key).update(
            forgotten_through=last,
            **dict.fromkeys((*ChatSession.SELECTED, "owner"), ""),
            bound=False,
            server_made=False,
        )
        return last


def erase_through(key: str, through: int, *, spare: Collection[uuid.UUID] = (), running: bool = False) -> Erased:
    """Erases a batch of the session's turns up to number ``through``, in one transaction.

    The last batch also erases the session if it has no other turns. Running generations are kept unless ``running``.
    """
    turns = Turn.objects.filter(session_id=key, pk__lte=through)
    titles = GivenTitle.objects.filter(session_id=key, turn__lte=through)
    with transaction.atomic():
        erased = erase_batch(turns, titles, spare=spare, running=running)
        if erased.done:
            erased.rows += _unmark(key, through)
    return erased


def erase_batch(
    turns: QuerySet[Turn], titles: QuerySet[GivenTitle], *, spare: Collection[uuid.UUID] = (), running: bool = False
) -> Erased:
    """Erases at most BATCH of the turns, with feedback and generations, and at most TITLES of the titles.

    Call it within a transaction, again and again until all given turns are erased.
    """
    asked = list(turns.order_by("pk").values_list("pk", "session_id", "generation_id")[:BATCH])
    sessions, generations = {session for _, session, _ in asked}, {generation for _, _, generation in asked}
    given = list(titles.values_list("pk", flat=True)[:TITLES])
    rows = delete(Feedback.objects.filter(session__in=sessions, generation__in=generations))
    rows += delete(GivenTitle.objects.filter(pk__in=given))
    rows += delete(Turn.objects.filter(pk__in=[number for number, _, _ in asked]))
    lone = erase_lone(generations - set(spare), running=running)
    rows["Generation"] = len(lone)
    return Erased(rows, lone, done=len(asked) < BATCH and len(given) < TITLES)


def _unmark(key: str, through: int) -> Rows:
    """Deletes the session. If it has newer turns, only removes its marks up to number ``through``."""
    locked = ChatSession.objects.select_for_update().filter(pk=key)
    session = locked.first()
    if session is None:
        return Rows()
    if not Turn.objects.filter(session_id=key).exists():
        return delete(locked)
    if session.forgotten_through <= through:
        session.forgotten_through = 0
    if session.expired_through <= through:
        session.expired_through, session.expired_at = 0, None
    session.save(update_fields=["forgotten_through", "expired_through", "expired_at"])
    return Rows()


def erase_lone(generation_ids: Collection[uuid.UUID], *, running: bool = False) -> list[uuid.UUID]:
    """Erases those of the generations that answer no session, and returns their ids. Call it within a transaction.

    Running generations are kept unless ``running``.
    """
    # A request that is joining a generation holds a lock on its row, so its turn is visible below.
    rows = Generation.objects.select_for_update().filter(pk__in=generation_ids).order_by("pk")
    known = dict(rows.values_list("pk", "outcome"))
    asked = set(Turn.objects.filter(generation_id__in=known).values_list("generation_id", flat=True))
    lone = [pk for pk, outcome in known.items() if pk not in asked and (running or outcome != Outcome.RUNNING)]
    Generation.objects.filter(pk__in=lone).only("pk").delete()
    return lone


def delete(rows: QuerySet[Any]) -> Rows:
    """Deletes the rows, and returns their number by model."""
    _, per_model = rows.delete()
    return Rows({label.rpartition(".")[2]: count for label, count in per_model.items()})
