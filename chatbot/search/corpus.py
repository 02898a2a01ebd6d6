"""Reads the searchable texts from the database in chunks. Synchronous: callers run it in a thread."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from challenges.models import Category, Challenge, Location, WorkType
from chatbot.models import KnowledgeDocument

EVERYWHERE = (1 << 63) - 1
"""The bit mask of a row that suits every location, or every work type."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A challenge, or one passage of a document.

    ``passage`` is the index of the passage in its document, from 0; -1 for a challenge. ``category`` is the index of
    the category in ``Keys.categories``; -1 for none. ``locations`` and ``work_types`` are bit masks of those that suit.
    """

    id: int
    passage: int
    category: int
    locations: int
    work_types: int
    title: str
    text: str


LONGEST_PASSAGE = 300
"""The maximum length of a passage in characters."""

_PARAGRAPH_END = re.compile(r"\n[^\S\n]*\n\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


def passages(text: str) -> list[str]:
    """The paragraphs of ``text`` in order. Blank lines separate them; long ones are split between sentences."""
    paragraphs = (paragraph.strip() for paragraph in _PARAGRAPH_END.split(text.replace("\r\n", "\n")))
    return [passage for paragraph in paragraphs if paragraph for passage in _cut(paragraph)]


def _cut(paragraph: str) -> list[str]:
    """``paragraph`` in pieces of at most LONGEST_PASSAGE characters, with as many whole sentences as possible."""
    if len(paragraph) <= LONGEST_PASSAGE:
        return [paragraph]
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(paragraph):
        for part in _halves(sentence.strip()):
            if pieces and len(pieces[-1]) + 1 + len(part) <= LONGEST_PASSAGE:
                pieces[-1] += f" {part}"
            elif part:
                pieces.append(part)
    return pieces


def _halves(sentence: str) -> list[str]:
    """``sentence`` itself, or pieces of a very long one, split at white space."""
    parts = []
    while len(sentence) > LONGEST_PASSAGE:
        end = sentence.rfind(" ", 1, LONGEST_PASSAGE + 1)
        end = end if end > 0 else LONGEST_PASSAGE
        parts.append(sentence[:end].strip())
        sentence = sentence[end:].strip()
    return [*parts, sentence]


CHUNK = 500
"""The number of challenges that are read at once, which takes about ten milliseconds."""

DOCUMENTS = 20
"""The number of documents that are read at once. Each may have 20,000 characters."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of active categories, locations and work types. Entries refer to them by their index."""

    categories: tuple[str, ...]
    locations: tuple[str, ...]
    work_types: tuple[str, ...]
    category_places: dict[int, int]
    location_places: dict[int, int]
    work_type_places: dict[int, int]


def read_keys() -> Keys:
    """Reads the keys. Takes three SQL statements."""
    (categories, category_places), (locations, location_places), (work_types, work_type_places) = (
        _keys(model) for model in (Category, Location, WorkType)
    )
    return Keys(categories, locations, work_types, category_places, location_places, work_type_places)


def _keys(model: type[Category] | type[Location] | type[WorkType]) -> tuple[tuple[str, ...], dict[int, int]]:
    rows = list(model._default_manager.filter(active=True).values_list("pk", "key"))
    return tuple(key for _, key in rows), {pk: place for place, (pk, _) in enumerate(rows)}


def challenges_after(pk: int, keys: Keys) -> list[IndexEntry]:
    """The next CHUNK active challenges by primary key. Takes three SQL statements."""
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
        IndexEntry(
            pk, -1, keys.category_places.get(category, -1), locations.get(pk, 0), work_types.get(pk, 0), title, text
        )
        for pk, category, title, text in rows
    ]


def _bits(pairs: Iterable[tuple[int, int]], places: dict[int, int]) -> dict[int, int]:
    bits: dict[int, int] = {}
    for row, option in pairs:
        place = places.get(option, 63)
        if place < 63:  # options beyond the number of bits give no boost
            bits[row] = bits.get(row, 0) | 1 << place
    return bits


def documents_after(pk: int, keys: Keys) -> list[IndexEntry]:
    """The passages of the next active documents by primary key. Takes one SQL statement."""
    documents = (
        KnowledgeDocument.objects.filter(pk__gt=pk, active=True)
        .exclude(category__active=False)
        .order_by("pk")
        .values_list("pk", "category_id", "title", "text")[:DOCUMENTS]
    )
    return [
        IndexEntry(pk, number, keys.category_places.get(category or 0, -1), EVERYWHERE, EVERYWHERE, title, passage)
        for pk, category, title, text in documents
        for number, passage in enumerate(passages(text) or [""])
    ]


@dataclass(frozen=True, slots=True)
class RowContent:
    """The text of a found row for people."""

    title: str
    text: str
    category: str
    label: str
    link: str = ""


def load_challenges(pks: Sequence[int]) -> dict[int, RowContent]:
    """The challenges that still exist and are active. Takes one SQL statement."""
    rows = Challenge.objects.filter(pk__in=pks, active=True, category__active=True)
    fields = ("pk", "title", "description", "category__key", "category__label")
    return {pk: RowContent(title, text, key, label) for pk, title, text, key, label in rows.values_list(*fields)}


def load_passages(places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], RowContent]:
    """The passages, by document and index, of documents that still exist and are active. Takes one SQL statement."""
    rows = KnowledgeDocument.objects.filter(pk__in=[pk for pk, _ in places], active=True)
    fields = ("pk", "title", "text", "link", "category__key", "category__label")
    found: dict[tuple[int, int], RowContent] = {}
    for pk, title, text, link, key, label in rows.exclude(category__active=False).values_list(*fields):
        cut = passages(text)
        for wanted, number in places:
            if wanted == pk and number < len(cut):
                found[pk, number] = RowContent(title, cut[number], key or "", label or "", link)
    return found
