"""Erasing what a session forgets, in short transactions: others come to write between them. Synchronous.

A session is marked first: from then on nothing of it is shown, whatever has been erased yet, and whoever uses its key
begins a new conversation. What is left after a stop half way is erased by the next ``forget`` or ``purge``.
"""

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max

from chatbot.models import ChatSession, Feedback, Generation, GivenTitle, Outcome, Turn

BATCH = 100
"""Turns, with what belongs to them, that one transaction erases at most."""

TITLES = 500
"""Given titles that one transaction erases at most."""

Through = int
"""The number of the last turn that is erased."""


@dataclass(slots=True)
class Erased:
    """What one transaction erased; ``generations`` are those that answered nobody else."""

    turns: int = 0
    feedback: int = 0
    titles: int = 0
    sessions: int = 0
    generations: list[uuid.UUID] = field(default_factory=list)
    done: bool = False


def forgetting(key: str, *, spare: Collection[uuid.UUID] = ()) -> Iterator[list[uuid.UUID]]:
    """Erases the session, its turns, its feedback and the generations that answered nobody else, step by step: each
    step is one short transaction, and gives the generations that it erased. The first one hides everything. Those to
    ``spare`` stay: they go on for others, whose turns may not be written yet."""
    through = _mark(key)
    yield []
    while through is not None:
        erased = erase_through(key, through, spare=spare, running=True)
        yield erased.generations
        if erased.done:
            return


def forget(key: str) -> list[uuid.UUID]:
    """The same, all at once; returns the generations that were erased."""
    return [generation_id for erased in forgetting(key) for generation_id in erased]


def _mark(key: str) -> Through | None:
    """Hides all turns of the session, also those that were hidden before. None for one that is not known."""
    with transaction.atomic():
        # Who still wants to add a turn waits, and adds it behind the mark; who already has is forgotten with it.
        if not ChatSession.objects.select_for_update().filter(pk=key).exists():
            return None
        last: int = Turn.objects.filter(session_id=key).aggregate(last=Max("pk"))["last"] or 0
        ChatSession.objects.filter(pk=key).update(
            forgotten_through=last,
            **dict.fromkeys(("location", "work_type", "base_category", "category", "owner"), ""),
            bound=False,
            server_made=False,
        )
        return last


def erase_through(key: str, through: Through, *, spare: Collection[uuid.UUID] = (), running: bool = False) -> Erased:
    """Erases some of the session's turns up to that number, what belongs to them, and at last, when it has no others,
    the session. One transaction. Generations that still run stay, unless ``running``."""
    with transaction.atomic():
        turns = Turn.objects.filter(session_id=key, pk__lte=through).order_by("pk")
        asked = dict(turns.values_list("pk", "generation_id")[:BATCH])
        titles = GivenTitle.objects.filter(session_id=key, turn__lte=through)
        given = list(titles.values_list("pk", flat=True)[:TITLES])
        erased = Erased(
            turns=len(asked),
            feedback=Feedback.objects.filter(session_id=key, generation_id__in=asked.values()).delete()[0],
            titles=GivenTitle.objects.filter(pk__in=given).delete()[0],
        )
        Turn.objects.filter(pk__in=asked).delete()
        erased.generations = erase_lone(set(asked.values()) - set(spare), running=running)
        if len(asked) < BATCH and len(given) < TITLES:
            erased.sessions = _unmark(key, through)
            erased.done = True
    return erased


def _unmark(key: str, through: Through) -> int:
    """Ends the session, or goes on with what it was asked meanwhile. Returns how many sessions that erased."""
    locked = ChatSession.objects.select_for_update().filter(pk=key)
    session = locked.first()
    if session is None:
        return 0
    if not Turn.objects.filter(session_id=key).exists():
        locked.delete()
        return 1
    if session.forgotten_through <= through:
        session.forgotten_through = 0
    if session.expired_through <= through:
        session.expired_through, session.expired_at = 0, None
    session.save(update_fields=["forgotten_through", "expired_through", "expired_at"])
    return 0


def erase_lone(generation_ids: Collection[uuid.UUID], *, running: bool = False) -> list[uuid.UUID]:
    """Erases those of the generations that answer no session, within a transaction; returns them. Those that still run
    stay, unless ``running``."""
    # Who is about to note that it joined one holds its row: that turn is seen below.
    rows = Generation.objects.select_for_update().filter(pk__in=generation_ids).order_by("pk")
    known = dict(rows.values_list("pk", "outcome"))
    asked = set(Turn.objects.filter(generation_id__in=known).values_list("generation_id", flat=True))
    lone = [pk for pk, outcome in known.items() if pk not in asked and (running or outcome != Outcome.RUNNING)]
    Generation.objects.filter(pk__in=lone).only("pk").delete()
    return lone
