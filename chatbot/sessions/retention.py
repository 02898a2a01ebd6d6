"""Purging: what is past its time is erased. Synchronous.

A session expires ``LEAFRESH_SESSION_DAYS`` days after its last activity. The next request then hides its turns and
begins it again under the same key, whether ``purge`` has run or not. Requests erase nothing. So if the clock jumps
forward and back, no conversation is lost, unless ``purge`` runs in between.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from chatbot.models import ChatSession, Feedback, Generation, GivenTitle, Outcome, Turn
from chatbot.sessions import erasure
from chatbot.sessions.erasure import Rows, delete, erase_batch, erase_lone, erase_through
from chatbot.sessions.memory import cutoff, lasting

T = TypeVar("T")


def purge() -> Rows:
    """Erases expired data, and returns the number of erased rows.

    It erases expired sessions with their turns, feedback and generations, and hidden turns of other sessions. It also
    erases expired generations without a session, such as trials and checks. A running generation is kept, with the
    sessions that it answers. The transactions are short, with pauses for other writers. After an interruption, the next
    run continues.
    """
    before, now = cutoff(), timezone.now()
    rows = Rows()
    # A wrong clock wrote these times in the future. Without this, the sessions would be kept for too long.
    ChatSession.objects.filter(active_at__gt=now).update(active_at=now)
    while erased := _unhurried(partial(_erase_sessions, before)):
        rows += erased
    for key, through in _hidden(now):
        done = False
        while not done:
            step = _unhurried(partial(erase_through, key, through))
            rows, done = rows + step.rows, step.done
    for batch in _lone(before):
        rows["Generation"] += len(_unhurried(partial(erase_lone, batch)))
    return +rows


def purgeable() -> Rows:
    """The number of rows that ``purge`` would erase now."""
    before = cutoff()
    sessions = _expired(before)
    turns = Turn.objects.filter(Q(session__in=sessions.values("pk")) | ~lasting())
    of_turns = turns.filter(session=OuterRef("session"), generation=OuterRef("generation"))
    asked = Turn.objects.filter(generation=OuterRef("pk"))
    going = ~Exists(asked.exclude(pk__in=turns.values("pk"))) & (Q(started_at__lt=before) | Exists(asked))
    titles = Q(session__in=sessions.values("pk")) | ~lasting(number="turn")
    return +Rows(
        ChatSession=sessions.count(),
        Turn=turns.count(),
        GivenTitle=GivenTitle.objects.filter(titles).count(),
        Feedback=Feedback.objects.filter(Exists(of_turns)).count(),
        Generation=Generation.objects.exclude(outcome=Outcome.RUNNING).filter(going).count(),
    )


def _unhurried(erase: Callable[[], T]) -> T:
    """Runs one transaction, then pauses for as long as it took. Other writers need this on SQLite.

    SQLite has no queue of writers: a waiting one only tries from time to time.
    """
    began = time.monotonic()
    with transaction.atomic():
        result = erase()
    time.sleep(time.monotonic() - began)
    return result


def _expired(before: datetime) -> QuerySet[ChatSession]:
    """Expired sessions without a running generation. After a crash, the next start of the server ends running rows."""
    waiting = Turn.objects.filter(generation__outcome=Outcome.RUNNING).values("session")
    return ChatSession.objects.filter(active_at__lt=before).exclude(pk__in=waiting)


def _erase_sessions(before: datetime) -> Rows:
    """Erases a batch of the sessions that expired first: their turns, then the sessions without turns.

    Returns no rows when there are no such sessions.
    """
    first = _expired(before).order_by("active_at").select_for_update()  # requests for these sessions wait
    keys = list(first.values_list("pk", flat=True)[: erasure.BATCH])
    erased = erase_batch(Turn.objects.filter(session__in=keys), GivenTitle.objects.filter(session__in=keys))
    return +(erased.rows + delete(ChatSession.objects.filter(pk__in=keys))) if erased.done else +erased.rows


def _hidden(now: datetime) -> list[tuple[str, int]]:
    """The keys of sessions with hidden turns, each with the number of the last hidden turn."""
    forgotten = ChatSession.objects.filter(forgotten_through__gt=0).values_list("pk", "forgotten_through")
    expired = ChatSession.objects.filter(expired_through__gt=0, expired_at__lte=now)
    return [*forgotten, *expired.values_list("pk", "expired_through")]


def _lone(before: datetime) -> Iterator[list[uuid.UUID]]:
    """Batches of generations that are older than ``before`` and have no session, oldest first.

    Call it outside of a transaction.
    """
    lone = Generation.objects.filter(~Exists(Turn.objects.filter(generation=OuterRef("pk"))), started_at__lt=before)
    rest = lone.order_by("started_at", "pk")
    while batch := list(rest.values_list("started_at", "pk")[: erasure.BATCH]):
        yield [pk for _, pk in batch]
        started_at, pk = batch[-1]
        rest = lone.order_by("started_at", "pk").filter(
            ~Q(started_at=started_at, pk__lte=pk), started_at__gte=started_at
        )
