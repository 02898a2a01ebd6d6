"""What a session remembers: its selection, its newest exchanges, the titles it was given.

Synchronous: callers run it in a thread.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Case, F, JSONField, OuterRef, Subquery, When
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from chatbot.answers.schema import Challenge
from chatbot.models import ChatSession, GivenTitle, Turn
from chatbot.sessions.ownership import Ownership
from chatbot.sessions.retention import lasting, unexpired

REMEMBERED_EXCHANGES = 30
"""Exchanges of a session that are remembered, the newest. Of older ones only the given titles are."""

REMEMBERED_TITLES = 600
"""Titles that an answer avoids at most, the newest. The catalogue has far fewer for a category."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a person asked, and the answer: the payload of ``close``, or None. ``message`` and ``intent`` are "" for a
    selection."""

    message: str
    location: str
    work_type: str
    category: str
    answer: Mapping[str, Any] | None
    intent: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """A session as it was when it was read.

    Options are keys, "" where nothing is known. ``exchanges`` are the newest ones in their order, ``earlier`` the given
    titles, oldest first, with or without those of the exchanges. ``active_at`` and ``ownership`` are None for an
    unknown session.
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
        """The given titles, each once, oldest first."""
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
        """The kind of the last answer, "" when there was none."""
        answers = self._answers()
        return str(answers[-1]["kind"]) if answers else ""

    def _answers(self) -> list[Mapping[str, Any]]:
        return [exchange.answer for exchange in self.exchanges if exchange.answer]


@dataclass(frozen=True, slots=True)
class Note:
    """What a turn leaves in its session: its selection ("" leaves an option as it was), and of a message what was
    understood and looked up (see ``Turn``)."""

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
        """The session's columns that change."""
        selected = {name: getattr(self, name) for name in ChatSession.SELECTED if getattr(self, name)}
        return {**selected, "active_at": timezone.now()}


_COLUMNS = (*ChatSession.SELECTED, "active_at", "owner", "bound", "server_made")
_OF_TURNS = (
    *("turns__message", "turns__generation__location", "turns__generation__work_type"),
    *("turns__generation__category", "turns__generation__answer", "turns__intent", "turns__pk", "turns__by_owner"),
)


class _Titles(Subquery):
    """The titles of a query, in its order, as one JSON array."""

    template = "(SELECT jsonb_agg(found.title) FROM (%(subquery)s) found)"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(SELECT json_group_array(found.title) FROM (%(subquery)s) found)", **context
        )


def recall(keys: Collection[str]) -> dict[str, Memory]:
    """The memories of the known sessions, expired or not, by their keys. One SQL statement, which does not grow with
    the sessions: it reads the newest exchanges, and the titles given lately to sessions that have more."""
    newest = Turn.objects.filter(session=OuterRef("pk")).order_by("-pk").values("pk")
    earliest = Subquery(newest[REMEMBERED_EXCHANGES - 1 : REMEMBERED_EXCHANGES])
    given = GivenTitle.objects.filter(lasting(number="turn"), session=OuterRef("pk")).order_by("-turn", "-place")
    titles = _Titles(given.values("title")[:REMEMBERED_TITLES])
    # One bound, not two: the database looks for one of them in the index, and would read all turns for the other.
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
        # Turns of other clients than the owner stay out.
        exchanges = tuple(Exchange(*row[9:15]) for row in of_key if row[16] or not bound)
        earlier = tuple(reversed(of_key[0][-1] or ()))
        ownership = Ownership(owner, bound, server_made)
        memories[key] = Memory(location, work_type, base_category, category, exchanges, earlier, active_at, ownership)
    return memories


def note_given(answers: Mapping[uuid.UUID, Mapping[str, Any] | None]) -> None:
    """Notes the titles of the answers for every session that asked for their generations.

    ``answers`` are payloads of ``close`` by generation, None where there is no answer. Two SQL statements, none without
    titles. Called in the transaction that writes an answer, or the turn of a session that joined it.
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
        [rows[key] for key in sorted(rows)],  # sorted: otherwise two processes could wait for each other
        update_conflicts=True,
        unique_fields=["session", "title"],
        update_fields=["turn", "place"],
    )
