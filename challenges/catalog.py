"""The catalogue for the chatbot: the options that a person can pick, and the challenges that suit a selection."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat, StrIndex

from challenges.models import Category, Challenge, Location, Option, WorkType
from challenges.revisions import Cached
from challenges.text import lookup_name

LONGEST_NAME = 200
"""A longer text (in characters) is never compared with names, so that normalising it costs no time."""

_MARK = "\x1f"
"""A separator: no title contains this character."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A copy of one active location, work type or category.

    ``aliases`` are other names for it. Only categories have ``keywords``: words that people use when they mean it.
    """

    key: str
    label: str
    description: str = ""
    emoji: str = ""
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The location, work type and category that a person picked."""

    location: Choice
    work_type: Choice
    category: Choice


class InvalidSelection(ValueError):
    """``fields`` names the fields whose value is no known key, label or alias, in the order of the selection."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(f"unknown value for {', '.join(fields)}")
        self.fields = fields


@dataclass(frozen=True)
class Options:
    """All active options. Each kind has the order that the admin shows."""

    locations: Mapping[str, Choice]
    work_types: Mapping[str, Choice]
    categories: Mapping[str, Choice]
    names: Mapping[str, Mapping[str, Choice]]

    def select(self, *, location: str, work_type: str, category: str) -> Selection:
        """The selection for three keys, labels or aliases. Upper and lower case are equal. Raises InvalidSelection."""
        asked = {"location": location, "workType": work_type, "category": category}
        found = {
            field: self.names[field].get(lookup_name(text)) if len(text) <= LONGEST_NAME else None
            for field, text in asked.items()
        }
        wrong = [field for field, choice in found.items() if choice is None]
        known = {field: choice for field, choice in found.items() if choice is not None}
        if wrong:
            raise InvalidSelection(wrong)
        return Selection(known["location"], known["workType"], known["category"])


def _load_options() -> Options:
    kinds: dict[str, type[Option]] = {"location": Location, "workType": WorkType, "category": Category}
    choices: dict[str, dict[str, Choice]] = {}
    names: dict[str, dict[str, Choice]] = {}
    for field, model in kinds.items():
        rows = list(model._default_manager.filter(active=True))
        choices[field] = {row.key: _choice(row) for row in rows}
        names[field] = {}
        for row in rows:
            for name in row.names():
                names[field].setdefault(name, choices[field][row.key])
        for row in rows:  # a key or label beats another row's alias
            names[field].update(dict.fromkeys([lookup_name(row.label), lookup_name(row.key)], choices[field][row.key]))
    return Options(choices["location"], choices["workType"], choices["category"], names)


def _choice(row: Option) -> Choice:
    keywords = row.keywords if isinstance(row, Category) else []
    return Choice(row.key, row.label, row.description, row.emoji, _words(row.aliases), _words(keywords))


def _words(listed: object) -> tuple[str, ...]:
    """The words of a JSON column. Ignores values that are not words, since the column may hold any JSON."""
    return tuple(word for word in listed if isinstance(word, str)) if isinstance(listed, list) else ()


options = Cached("options", _load_options)
"""The active options, read from the database again when a row has changed."""


def suitable(*, selection: Selection, given: Collection[str], seed: int, count: int) -> list[Challenge]:
    """Picks ``count`` different challenges for the selection. The same ``seed`` gives the same challenges and order.

    ``given`` are the titles that the session was given, the earliest first. They are repeated only when the category
    has no others. The order of preference is: suitable new challenges; other new ones of the category; suitable ones
    that were given longest ago; others of the category; any challenge. So a small catalogue still gives an answer.

    Takes one SQL statement if the category has enough challenges. Returns fewer than ``count`` only if the whole
    catalogue has fewer.
    """
    everything = Challenge.objects.filter(active=True, category__active=True)
    of_category = everything.filter(category__key=selection.category.key)
    found: list[Challenge] = []
    for candidates in (of_category, everything):
        if len(found) < count:
            others = candidates.select_related("category").exclude(pk__in=[challenge.pk for challenge in found])
            found += _shuffled(_ranked(others, selection, given), seed)[: count - len(found)]
    return found


def _ranked(challenges: QuerySet[Challenge], selection: Selection, given: Collection[str]) -> QuerySet[Challenge]:
    """Orders challenges: suitable new ones, other new ones, suitable given ones, other given ones.

    ``given`` are titles, the earliest first. Among given challenges, the one given longest ago comes first.
    """
    locations, work_types = Challenge.locations.through.objects, Challenge.work_types.through.objects
    suits = Q(
        Exists(locations.filter(challenge=OuterRef("pk"), location__key=selection.location.key)),
        Exists(work_types.filter(challenge=OuterRef("pk"), worktype__key=selection.work_type.key)),
    )
    # The title's position in one text of all given titles; 0 if it is not there. Thousands of SQL conditions would
    # take longer to build.
    all_given = Value("".join(f"{_MARK}{title}" for title in given) + _MARK)
    place = StrIndex(all_given, Concat(Value(_MARK), "title", Value(_MARK)))
    new = Q(given_rank=0)
    rank = Case(When(new & suits, then=0), When(new, then=1), When(suits, then=2), default=3)
    return challenges.annotate(given_rank=place).annotate(rank=rank).order_by("rank", "given_rank")


def _shuffled(challenges: QuerySet[Challenge], seed: int) -> QuerySet[Challenge]:
    """Adds an order that looks random, but is the same for the same seed (0 ≤ seed < 2³¹).

    The order is by key × prime modulo a larger prime, which gives different keys different numbers.
    """
    prime, step = 1_000_003, seed % 999_983 + 1
    scattered = F("pk") * Value(step) % Value(prime)
    return challenges.annotate(scattered=scattered).order_by(*challenges.query.order_by, "scattered", "pk")


def has_new(category: str, given: Collection[str]) -> bool:
    """Whether the category has a challenge whose title is not in ``given``. ``category`` is a key."""
    return Challenge.objects.filter(active=True, category__key=category).exclude(title__in=given).exists()
