"""What a session remembers: its selection and what was said. Synchronous: callers run it in a thread."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
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
"""The newest exchanges of a session: what was said before is not remembered, but for the titles that were given."""

REMEMBERED_TITLES = 600
"""Titles that an answer avoids at most, the newest: several times what the catalogue has for a category."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a person asked and the answer, a ``close`` payload or None. ``message`` and ``intent``, what was understood,
    are "" for a selection."""

    message: str
    location: str
    work_type: str
    category: str
    answer: Mapping[str, Any] | None
    intent: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """A session as it was when it was read. Options are keys, "" where nothing is known; exchanges, the newest ones, in
    their order. ``earlier`` are titles that were given, the one given longest ago first; the exchanges' own need not be
    among them. ``active_at`` and ``ownership`` are None for a session that is not known."""

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
        """The titles that were given, each once, the one given longest ago first."""
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
    """What a turn leaves in its session: what is remembered from now on ("" leaves it as it was), and of a message what
    was understood and looked up (see ``Turn``)."""

    location: str = ""
    work_type: str = ""
    base_category: str = ""
    category: str = ""
    message: str = ""
    intent: str = ""
    reasons: Sequence[Mapping[str, Any]] = ()
    moved_from: str = ""
    found: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def remembered(self) -> dict[str, Any]:
        """The session's columns that change."""
        names = ("location", "work_type", "base_category", "category")
        return {name: getattr(self, name) for name in names if getattr(self, name)} | {"active_at": timezone.now()}


_COLUMNS = ("location", "work_type", "base_category", "category", "active_at", "owner", "bound", "server_made")
_OF_TURNS = (
    *("turns__message", "turns__generation__location", "turns__generation__work_type"),
    *("turns__generation__category", "turns__generation__answer", "turns__intent", "turns__pk", "turns__by_owner"),
)


class _Titles(Subquery):
    """The titles that a query finds, in its order, as one JSON array."""

    template = "(SELECT jsonb_agg(found.title) FROM (%(subquery)s) found)"
    output_field = JSONField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="(SELECT json_group_array(found.title) FROM (%(subquery)s) found)", **context
        )


def recall(keys: Collection[str]) -> dict[str, Memory]:
    """What is remembered of those sessions that are known, expired or not, by their keys. One SQL statement, however
    long they are: their newest exchanges, and for sessions that have more of them the titles given lately."""
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
        # What was said before by a client that is not the owner stays out.
        exchanges = tuple(Exchange(*row[9:15]) for row in of_key if row[16] or not bound)
        earlier = tuple(reversed(of_key[0][-1] or ()))
        ownership = Ownership(owner, bound, server_made)
        memories[key] = Memory(location, work_type, base_category, category, exchanges, earlier, active_at, ownership)
    return memories
