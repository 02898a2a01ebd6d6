"""What can be found, read from the database in pieces. Synchronous: callers run it in a thread."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from challenges.models import Category, Challenge, Location, WorkType
from chatbot.models import KnowledgeDocument
from chatbot.search.entries import EVERYWHERE, Entry
from chatbot.search.passages import passages

CHUNK = 500
"""Challenges read at once: about ten milliseconds."""

DOCUMENTS = 20
"""Documents read at once; each may have 20,000 characters."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of active categories, locations and work types; their places are what entries refer to."""

    categories: tuple[str, ...]
    locations: tuple[str, ...]
    work_types: tuple[str, ...]
    category_places: dict[int, int]
    location_places: dict[int, int]
    work_type_places: dict[int, int]


def read_keys() -> Keys:
    """Three SQL statements."""
    (categories, category_places), (locations, location_places), (work_types, work_type_places) = (
        _keys(model) for model in (Category, Location, WorkType)
    )
    return Keys(categories, locations, work_types, category_places, location_places, work_type_places)


def _keys(model: type[Category] | type[Location] | type[WorkType]) -> tuple[tuple[str, ...], dict[int, int]]:
    rows = list(model._default_manager.filter(active=True).values_list("pk", "key"))
    return tuple(key for _, key in rows), {pk: place for place, (pk, _) in enumerate(rows)}


def count() -> int:
    """Challenges and documents. Two SQL statements."""
    return Challenge.objects.filter(active=True).count() + KnowledgeDocument.objects.filter(active=True).count()


def challenges_after(pk: int, keys: Keys) -> list[Entry]:
    """The next CHUNK active challenges by primary key. Three SQL statements."""
    rows = list(
        Challenge.objects.filter(pk__gt=pk, active=True, category__active=True)
        .order_by("pk")
        .values_list("pk", "category_id", "title", "description")[:CHUNK]
    )
    if not rows:
        return []
    between = {"challenge_id__gte": rows[0][0], "challenge_id__lte": rows[-1][0]}
    locations = _bits(
        Challenge.locations.through.objects.filter(**between).values_list("challenge_id", "location_id"),
        keys.location_places,
    )
    work_types = _bits(
        Challenge.work_types.through.objects.filter(**between).values_list("challenge_id", "worktype_id"),
        keys.work_type_places,
    )
    return [
        Entry(pk, -1, keys.category_places.get(category, -1), locations.get(pk, 0), work_types.get(pk, 0), title, text)
        for pk, category, title, text in rows
    ]


def _bits(pairs: Iterable[tuple[int, int]], places: dict[int, int]) -> dict[int, int]:
    bits: dict[int, int] = {}
    for row, option in pairs:
        place = places.get(option, 63)
        if place < 63:  # more options than bits: those past them give no boost
            bits[row] = bits.get(row, 0) | 1 << place
    return bits


def documents_after(pk: int, keys: Keys) -> list[Entry]:
    """The passages of the next active documents by primary key. One SQL statement."""
    documents = (
        KnowledgeDocument.objects.filter(pk__gt=pk, active=True)
        .exclude(category__active=False)
        .order_by("pk")
        .values_list("pk", "category_id", "title", "text")[:DOCUMENTS]
    )
    return [
        Entry(pk, number, keys.category_places.get(category or 0, -1), EVERYWHERE, EVERYWHERE, title, passage)
        for pk, category, title, text in documents
        for number, passage in enumerate(passages(text) or [""])
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A found row as people see it."""

    title: str
    text: str
    category: str
    label: str
    link: str = ""


def load_challenges(pks: Sequence[int]) -> dict[int, Shown]:
    """Those that are still there and active. One SQL statement."""
    rows = Challenge.objects.filter(pk__in=pks, active=True, category__active=True)
    fields = ("pk", "title", "description", "category__key", "category__label")
    return {pk: Shown(title, text, key, label) for pk, title, text, key, label in rows.values_list(*fields)}


def load_passages(places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Shown]:
    """Passages by document and number, those that are still there and active. One SQL statement."""
    rows = KnowledgeDocument.objects.filter(pk__in=[pk for pk, _ in places], active=True)
    fields = ("pk", "title", "text", "link", "category__key", "category__label")
    found: dict[tuple[int, int], Shown] = {}
    for pk, title, text, link, key, label in rows.exclude(category__active=False).values_list(*fields):
        cut = passages(text)
        for wanted, number in places:
            if wanted == pk and number < len(cut):
                found[pk, number] = Shown(title, cut[number], key or "", label or "", link)
    return found
