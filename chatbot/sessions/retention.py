"""How long sessions are kept: which are expired, and erasing them. Synchronous.

A session is expired when it was last active more than ``LEAFRESH_SESSION_DAYS`` days ago. From then on it is as good as
forgotten, whether ``purge`` has come by or not: requests hide it, and begin again under the same key. They erase
nothing: a clock that jumps ahead and back again costs no conversation, unless ``purge`` ran in between.
"""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from chatbot.models import ChatSession, Feedback, Generation, GivenTitle, Outcome, Turn
from chatbot.sessions.erasure import BATCH, TITLES, erase_lone, erase_through

T = TypeVar("T")

Rows = Counter[str]
"""Numbers of rows by the name of their model, such as ``Turn``."""


def cutoff() -> datetime:
    """Sessions that were last active before this moment are expired."""
    return timezone.now() - timedelta(days=settings.LEAFRESH_SESSION_DAYS)


def expired(session: ChatSession) -> bool:
    """Whether the session is to be treated as forgotten."""
    return session.active_at < cutoff()


def lasting(*, number: str = "pk", session: str = "session__") -> Q:
    """Of turns, or of what has the ``number`` of one: those that are part of their session's conversation, neither
    forgotten nor expired before it was begun again. ``session`` leads to the columns of the session."""
    return Q(**{f"{number}__gt": F(f"{session}forgotten_through")}) & unexpired(number=number, session=session)


def unexpired(*, number: str, session: str) -> Q:
    """Those that had not expired before their session was begun again, forgotten or not."""
    again_later = Q(**{f"{session}expired_at__isnull": True}) | Q(**{f"{session}expired_at__gt": timezone.now()})
    return again_later | Q(**{f"{number}__gt": F(f"{session}expired_through")})


def purge() -> Rows:
    """Erases expired sessions with their turns, their feedback and the generations that answered nobody else, what
    sessions had before they were begun again or forgot, then generations of that age that belong to no session: trials,
    checks, and what was left behind. Returns how many.

    What still runs stays, with the sessions that it answers. Transactions are short, with as much time between them, so
    that requests come to write meanwhile. After a stop half way, the next run goes on.
    """
    before, now = cutoff(), timezone.now()
    rows = Rows()
    # From a clock that was wrong: such a session would be kept for too long.
    ChatSession.objects.filter(active_at__gt=now).update(active_at=now)
    while erased := _unhurried(partial(_erase_sessions, before)):
        rows += erased
    for key, through in _hidden(now):
        done = False
        while not done:
            erased, done = _unhurried(partial(_erase_hidden, key, through))
            rows += erased
    for batch in _lone(before):
        rows += _unhurried(partial(_erase_lone, batch))
    return rows


def purgeable() -> Rows:
    """What ``purge`` would erase now."""
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
    """One transaction, and a pause as long as it took: SQLite has no queue, who waits to write looks again at times."""
    began = time.monotonic()
    with transaction.atomic():
        result = erase()
    time.sleep(time.monotonic() - began)
    return result


def _expired(before: datetime) -> QuerySet[ChatSession]:
    """Expired sessions that wait for no running generation. The row of one that died with its process is closed when
    the server starts again."""
    waiting = Turn.objects.filter(generation__outcome=Outcome.RUNNING).values("session")
    return ChatSession.objects.filter(active_at__lt=before).exclude(pk__in=waiting)


def _erase_sessions(before: datetime) -> Rows:
    """Some turns, with their feedback, and some given titles of the sessions that expired first, and the sessions once
    they have none. Nothing when no session is left."""
    first = _expired(before).order_by("active_at").select_for_update()  # who wants to wake one finds it gone
    keys = list(first.values_list("pk", flat=True)[:BATCH])
    turns = dict(Turn.objects.filter(session__in=keys).values_list("pk", "generation_id")[:BATCH])
    titles = list(GivenTitle.objects.filter(session__in=keys).values_list("pk", flat=True)[:TITLES])
    rows = _deleted(Feedback.objects.filter(session__in=keys, generation_id__in=turns.values()))
    rows += _deleted(GivenTitle.objects.filter(pk__in=titles)) + _deleted(Turn.objects.filter(pk__in=turns))
    rows += _erase_lone(set(turns.values()))
    if len(turns) < BATCH and len(titles) < TITLES:
        rows += _deleted(ChatSession.objects.filter(pk__in=keys))
    return rows


def _hidden(now: datetime) -> list[tuple[str, int]]:
    """Sessions with turns that nothing shows any more, and the number of the last one of these."""
    forgotten = ChatSession.objects.filter(forgotten_through__gt=0).values_list("pk", "forgotten_through")
    expired = ChatSession.objects.filter(expired_through__gt=0, expired_at__lte=now).values_list(
        "pk", "expired_through"
    )
    return [*forgotten, *expired]


def _erase_hidden(key: str, through: int) -> tuple[Rows, bool]:
    erased = erase_through(key, through)
    rows = Rows(
        ChatSession=erased.sessions,
        Turn=erased.turns,
        GivenTitle=erased.titles,
        Feedback=erased.feedback,
        Generation=len(erased.generations),
    )
    return +rows, erased.done


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


def _erase_lone(generation_ids: Collection[uuid.UUID]) -> Rows:
    """Those of the generations that are over and answer no session."""
    return +Rows(Generation=len(erase_lone(generation_ids)))


def _deleted(rows: QuerySet[Feedback] | QuerySet[Turn] | QuerySet[ChatSession] | QuerySet[GivenTitle]) -> Rows:
    _, per_model = rows.delete()
    return +Rows({label.rpartition(".")[2]: count for label, count in per_model.items()})
