"""How long sessions are kept: which are expired, and purging them. Synchronous.

A session expires ``LEAFRESH_SESSION_DAYS`` days after it was last active. Requests then hide its past, and begin it
again under the same key, whether ``purge`` has run or not. They erase nothing: so a clock that jumps ahead and back
costs no conversation, unless ``purge`` runs in between.
"""

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from chatbot.models import ChatSession, Feedback, Generation, GivenTitle, Outcome, Turn
from chatbot.sessions import erasure
from chatbot.sessions.erasure import Rows, delete, erase_batch, erase_lone, erase_through

T = TypeVar("T")


def cutoff() -> datetime:
    """Sessions that were last active before this moment are expired."""
    return timezone.now() - timedelta(days=settings.LEAFRESH_SESSION_DAYS)


def lasting(*, number: str = "pk", session: str = "session__") -> Q:
    """A filter for the turns that their session shows: neither forgotten nor expired before it was begun again.

    ``number`` is the column with a turn's number, ``session`` the prefix of the session's columns.
    """
    return Q(**{f"{number}__gt": F(f"{session}forgotten_through")}) & unexpired(number=number, session=session)


def unexpired(*, number: str, session: str) -> Q:
    """Those that had not expired before their session was begun again, forgotten or not."""
    again_later = Q(**{f"{session}expired_at__isnull": True}) | Q(**{f"{session}expired_at__gt": timezone.now()})
    return again_later | Q(**{f"{number}__gt": F(f"{session}expired_through")})


def purge() -> Rows:
    """Erases what is past its time, and returns how many rows.

    These are expired sessions with their turns, feedback and generations. The hidden turns of other sessions go too.
    So do expired generations without a session, such as trials and checks. A running generation stays, with the
    sessions that it answers. Transactions are short, with pauses between them for other writers. After an interruption
    the next run continues.
    """
    before, now = cutoff(), timezone.now()
    rows = Rows()
    # A clock that was wrong wrote these times: such a session would be kept for too long.
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
    """One transaction, and a pause as long as it took: SQLite has no queue, a waiting writer only tries at times."""
    began = time.monotonic()
    with transaction.atomic():
        result = erase()
    time.sleep(time.monotonic() - began)
    return result


def _expired(before: datetime) -> QuerySet[ChatSession]:
    """Expired sessions that wait for no running generation. When a process dies, the next start of the server ends the
    rows of its generations."""
    waiting = Turn.objects.filter(generation__outcome=Outcome.RUNNING).values("session")
    return ChatSession.objects.filter(active_at__lt=before).exclude(pk__in=waiting)


def _erase_sessions(before: datetime) -> Rows:
    """Erases a batch of the sessions that expired first: their turns, and the sessions when no turns are left. Empty
    when there are no such sessions."""
    first = _expired(before).order_by("active_at").select_for_update()  # a request that begins one again waits
    keys = list(first.values_list("pk", flat=True)[: erasure.BATCH])
    erased = erase_batch(Turn.objects.filter(session__in=keys), GivenTitle.objects.filter(session__in=keys))
    return +(erased.rows + delete(ChatSession.objects.filter(pk__in=keys))) if erased.done else +erased.rows


def _hidden(now: datetime) -> list[tuple[str, int]]:
    """Sessions with hidden turns, and the number of the last of these turns."""
    forgotten = ChatSession.objects.filter(forgotten_through__gt=0).values_list("pk", "forgotten_through")
    expired = ChatSession.objects.filter(expired_through__gt=0, expired_at__lte=now)
    return [*forgotten, *expired.values_list("pk", "expired_through")]


def _lone(before: datetime) -> Iterator[list[uuid.UUID]]:
    """Batches of generations of before that time that no session asked for, oldest first. Read outside of any
    transaction."""
    lone = Generation.objects.filter(~Exists(Turn.objects.filter(generation=OuterRef("pk"))), started_at__lt=before)
    rest = lone.order_by("started_at", "pk")
    while batch := list(rest.values_list("started_at", "pk")[: erasure.BATCH]):
        yield [pk for _, pk in batch]
        started_at, pk = batch[-1]
        rest = lone.order_by("started_at", "pk").filter(
            ~Q(started_at=started_at, pk__lte=pk), started_at__gte=started_at
        )
