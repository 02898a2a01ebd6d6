"""How long sessions are kept: which are expired, and erasing them. Synchronous.

A session is expired when it was last active more than ``LEAFRESH_SESSION_DAYS`` days ago. From then on it is as good as
forgotten, whether ``purge`` has come by or not: who reads a session asks ``expired`` first, and erases what is left of
it before it begins anew under the same key.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from chatbot.models import ChatSession, Feedback, Generation, Outcome, Turn

BATCH = 100
"""Rows of a table that one transaction erases at most."""

Rows = Counter[str]
"""Numbers of rows by the name of their model, such as ``Turn``."""


def cutoff() -> datetime:
    """Sessions that were last active before this moment are expired."""
    return timezone.now() - timedelta(days=settings.LEAFRESH_SESSION_DAYS)


def expired(session: ChatSession) -> bool:
    """Whether the session is to be treated as forgotten."""
    return session.active_at < cutoff()


def purge() -> Rows:
    """Erases expired sessions with their turns, their feedback and the generations that answered nobody else, then
    generations of that age that belong to no session: trials, checks, and what was left behind. Returns how many.

    What still runs stays, with the sessions that it answers. Transactions are short, with as much time between them, so
    that requests come to write meanwhile. After a stop half way, the next run goes on.
    """
    before = cutoff()
    rows = Rows()
    while erased := _unhurried(partial(_erase_sessions, before)):
        rows += erased
    for batch in _lone(before):
        rows += _unhurried(partial(_erase_lone, batch))
    return rows


def purgeable() -> Rows:
    """What ``purge`` would erase now."""
    before = cutoff()
    sessions = _expired(before)
    keys = sessions.values("pk")
    asked = Turn.objects.filter(generation=OuterRef("pk"))
    going = ~Exists(asked.exclude(session__in=keys)) & (Q(started_at__lt=before) | Exists(asked))
    return +Rows(
        ChatSession=sessions.count(),
        Turn=Turn.objects.filter(session__in=keys).count(),
        Feedback=Feedback.objects.filter(session__in=keys).count(),
        Generation=Generation.objects.exclude(outcome=Outcome.RUNNING).filter(going).count(),
    )


def _unhurried(erase: Callable[[], Rows]) -> Rows:
    """One transaction, and a pause as long as it took: SQLite has no queue, who waits to write looks again at times."""
    began = time.monotonic()
    with transaction.atomic():
        rows = erase()
    time.sleep(time.monotonic() - began)
    return rows


def _expired(before: datetime) -> QuerySet[ChatSession]:
    """Expired sessions that wait for no running generation. The row of one that died with its process is closed when
    the server starts again."""
    waiting = Turn.objects.filter(generation__outcome=Outcome.RUNNING).values("session")
    return ChatSession.objects.filter(active_at__lt=before).exclude(pk__in=waiting)


def _erase_sessions(before: datetime) -> Rows:
    """Some feedback and turns of the sessions that expired first, and the sessions once they have none. Nothing when
    no session is left."""
    first = _expired(before).order_by("active_at").select_for_update()  # who wants to wake one finds it gone
    keys = list(first.values_list("pk", flat=True)[:BATCH])
    feedback = list(Feedback.objects.filter(session__in=keys).values_list("pk", flat=True)[:BATCH])
    turns = list(Turn.objects.filter(session__in=keys).values_list("pk", "generation_id")[:BATCH])
    rows = _deleted(Feedback.objects.filter(pk__in=feedback)) + _deleted(
        Turn.objects.filter(pk__in=[pk for pk, _ in turns])
    )
    rows += _erase_lone({generation_id for _, generation_id in turns})
    if len(feedback) < BATCH and len(turns) < BATCH:
        rows += _deleted(ChatSession.objects.filter(pk__in=keys))
    return rows


def _lone(before: datetime) -> Iterator[list[uuid.UUID]]:
    """Generations of before that time that no session asked for, the oldest first. Read outside of any transaction."""
    lone = Generation.objects.filter(~Exists(Turn.objects.filter(generation=OuterRef("pk"))), started_at__lt=before)
    rest = lone.order_by("started_at", "pk")
    while batch := list(rest.values_list("started_at", "pk")[:BATCH]):
        yield [pk for _, pk in batch]
        started_at, pk = batch[-1]
        rest = lone.order_by("started_at", "pk").filter(
            ~Q(started_at=started_at, pk__lte=pk), started_at__gte=started_at
        )


def _erase_lone(generation_ids: Iterable[uuid.UUID]) -> Rows:
    """Those of the generations that are over and answer no session."""
    asked = Turn.objects.filter(generation=OuterRef("pk"))
    return _deleted(
        Generation.objects.filter(~Exists(asked), pk__in=generation_ids).exclude(outcome=Outcome.RUNNING).only("pk")
    )


def _deleted(rows: QuerySet[Feedback] | QuerySet[Turn] | QuerySet[ChatSession] | QuerySet[Generation]) -> Rows:
    _, per_model = rows.delete()
    return +Rows({label.rpartition(".")[2]: count for label, count in per_model.items()})
