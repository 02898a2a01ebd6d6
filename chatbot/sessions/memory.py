"""The memory of a session: its selection, its newest exchanges, and the titles that it was given.

A session that was last active ``LEAFRESH_SESSION_DAYS`` days ago is expired: nothing of it is remembered any more.
Synchronous: callers run it in a thread.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db.models import Case, F, JSONField, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from chatbot.answers.rules import Challenge
from chatbot.models import ChatSession, GivenTitle, Turn
from chatbot.sessions.ownership import Ownership

REMEMBERED_EXCHANGES = 30
"""How many of the newest exchanges of a session are remembered. Of older ones, only the titles are."""

REMEMBERED_TITLES = 600
"""How many of the newest titles an answer avoids. A category of the catalogue has far fewer."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. ``answer`` is the payload of ``close``, or None.

    ``message`` and ``intent`` are "" for a selection.
    """

    message: str
    location: str
    work_type: str
    category: str
    answer: Mapping[str, Any] | None
    intent: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """A snapshot of a session.

    Options are keys; "" means unknown. ``exchanges`` are the newest ones, oldest first. ``earlier`` are given titles,
    oldest first; they may include the titles of the exchanges. ``active_at`` and ``ownership`` are None for an unknown
    session.
    """

    location: str = ""
    work_type: str = ""
    base_category: str = ""
    category: str = ""
    exchanges: Sequence[Exchange] = ()
    earlier: Sequence[str] = ()
    active_at: datetime | None = None
    ownership: Ownership | None = None

    @property
    def given(self) -> list[str]:
        """All titles that the session was given, each once, oldest first."""
        titles = [*self.earlier, *(item["title"] for answer in self._answers() for item in answer["challenges"])]
        return list(dict.fromkeys(reversed(titles)))[:REMEMBERED_TITLES][::-1]

    @property
    def shown(self) -> list[Challenge]:
        """The challenges of the last recommendation."""
        last = next((answer for answer in reversed(self._answers()) if answer["challenges"]), None)
        items = last["challenges"] if last else []
        return [Challenge(**item) for item in items]

    @property
    def said(self) -> list[str]:
        """The sentences of all answers."""
        return [answer["recommend"] for answer in self._answers()]

    @property
    def last_kind(self) -> str:
        """The kind of the last answer; "" if there was none."""
        answers = self._answers()
        return str(answers[-1]["kind"]) if answers else ""

    def _answers(self) -> list[Mapping[str, Any]]:
        return [exchange.answer for exchange in self.exchanges if exchange.answer]


@dataclass(frozen=True, slots=True)
class Note:
    """The data that a turn stores in its session. The fields of a message are those of ``Turn``.

    An option that is "" is not changed.
    """

    location: str = ""
    work_type: str = ""
    base_category: str = ""
    category: str = ""
    message: str = ""
    intent: str = ""
    reasons: Sequence[Mapping[str, Any]] = ()
    moved_from: str = ""
    found: Sequence[Mapping[str, Any]] = ()

    def remembered(self) -> dict[str, Any]:
        """The columns of the session that change, with their values."""
        selected = {name: getattr(self, name) for name in ChatSession.SELECTED if getattr(self, name)}
        return {**selected, "active_at": timezone.now()}


def cutoff() -> datetime:
    """The moment before which the last activity of an expired session was."""
    return timezone.now() - timedelta(days=settings.LEAFRESH_SESSION_DAYS)


def lasting(*, number: str = "pk", session: str = "session__") -> Q:
    """A filter for the visible turns of a session: neither forgotten, nor expired before the session began again.

    ``number`` is the column with the number of a turn, ``session`` the prefix of the session's columns.
    """
    return Q(**{f"{number}__gt": F(f"{session}forgotten_through")}) & unexpired(number=number, session=session)


def unexpired(*, number: str, session: str) -> Q:
    """A filter for turns that had not expired before their session began again. It includes forgotten turns."""
    again_later = Q(**{f"{session}expired_at__isnull": True}) | Q(**{f"{session}expired_at__gt": timezone.now()})
    return again_later | Q(**{f"{number}__gt": F(f"{session}expired_through")})


_COLUMNS = (*ChatSession.SELECTED, "active_at", "owner", "bound", "server_made")
_OF_TURNS = (
    *("turns__message", "turns__generation__location", "turns__generation__work_type"),
    *("turns__generation__category", "turns__generation__answer", "turns__intent", "turns__pk", "turns__by_owner"),
)


class _Titles(Subquery):
    """A subquery that returns titles as one JSON array, in the order of the query."""

    template = "(SELECT jsonb_agg(found.title) FROM (%(subquery)s) found)"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(SELECT json_group_array(found.title) FROM (%(subquery)s) found)", **context
        )


def recall(keys: Collection[str]) -> dict[str, Memory]:
    """The memories of the sessions that exist, by key, even if expired. Takes one SQL statement.

    The amount of data does not grow with the length of a session. Only the newest exchanges are read, and the newest
    titles of sessions with more exchanges.
    """
    newest = Turn.objects.filter(session=OuterRef("pk")).order_by("-pk").values("pk")
    earliest = Subquery(newest[REMEMBERED_EXCHANGES - 1 : REMEMBERED_EXCHANGES])
    given = GivenTitle.objects.filter(lasting(number="turn"), session=OuterRef("pk")).order_by("-turn", "-place")
    titles = _Titles(given.values("title")[:REMEMBERED_TITLES])
    # One bound, not two: the database uses the index for only one of them, and would read all turns for the other.
    since = Greatest(Coalesce(earliest, 0), F("forgotten_through") + 1)
    found = (
        ChatSession.objects.filter(unexpired(number="turns__pk", session=""), pk__in=keys, turns__pk__gte=since)
        .annotate(titles=Case(When(turns__pk=earliest, then=titles)))
        .order_by("pk", "turns__pk")
    )
    memories = {}
    for key, rows in groupby(found.values_list("pk", *_COLUMNS, *_OF_TURNS, "titles"), key=itemgetter(0)):
        of_key = list(rows)
        _, location, work_type, base_category, category, active_at, owner, bound, server_made, *_ = of_key[0]
        # Leaves out turns of other clients than the owner.
        exchanges = tuple(Exchange(*row[9:15]) for row in of_key if row[16] or not bound)
        earlier = tuple(reversed(of_key[0][-1] or ()))
        ownership = Ownership(owner, bound, server_made)
        memories[key] = Memory(location, work_type, base_category, category, exchanges, earlier, active_at, ownership)
    return memories


def note_given(answers: Mapping[uuid.UUID, Mapping[str, Any] | None]) -> None:
    """Stores the titles of the answers for every session that has a turn with their generations.

    ``answers`` are the payloads of ``close`` by generation; None means no answer. Takes two SQL statements, or none if
    there are no titles. Call it in the transaction that writes an answer, or the turn of a session that joins it.
    """
    given = {pk: [item["title"] for item in answer["challenges"]] for pk, answer in answers.items() if answer}
    turns = Turn.objects.filter(
        generation_id__in=[pk for pk, titles in given.items() if titles], pk__gt=F("session__forgotten_through")
    )
    rows: dict[tuple[str, str], GivenTitle] = {}
    for session_id, turn, generation_id in turns.order_by("pk").values_list("session_id", "pk", "generation_id"):
        for place, title in enumerate(given[generation_id]):
            rows[session_id, title] = GivenTitle(session_id=session_id, title=title, turn=turn, place=place)
    GivenTitle.objects.bulk_create(
        [rows[key] for key in sorted(rows)],  # sorted, to avoid a deadlock of two processes
        update_conflicts=True,
        unique_fields=["session", "title"],
        update_fields=["turn", "place"],
    )
