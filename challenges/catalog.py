"""What the chatbot asks the catalogue: what can be picked, and which challenges suit a selection."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from challenges.models import Category, Challenge, Location, Option, WorkType
from challenges.revisions import Cached
from challenges.text import lookup_name

LONGEST_NAME = 200
"""Characters above which a text is no name of anything: normalising it would only cost time."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One active location, work type or category, as it was when it was read.

    ``aliases`` are other names for it, ``keywords`` words that people use when they mean it (of categories alone).
    """

    key: str
    label: str
    description: str = ""
    emoji: str = ""
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Location, work type and category: what a person picked."""

    location: Choice
    work_type: Choice
    category: Choice


class InvalidSelection(ValueError):
    """``fields`` names, in the order of the selection, those whose value is no known key, label or alias."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(f"unknown value for {', '.join(fields)}")
        self.fields = fields


@dataclass(frozen=True)
class Options:
    """Everything that can be picked, each kind in its order."""

    locations: Mapping[str, Choice]
    work_types: Mapping[str, Choice]
    categories: Mapping[str, Choice]
    names: Mapping[str, Mapping[str, Choice]]

    def select(self, *, location: str, work_type: str, category: str) -> Selection:
        """The selection meant by three keys, labels or aliases, in any case. Raises InvalidSelection."""
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
    """The words of a JSON column, which may hold anything."""
    return tuple(word for word in listed if isinstance(word, str)) if isinstance(listed, list) else ()


options = Cached("options", _load_options)
"""Everything that can be picked; read again when a row changed."""


def suitable(*, selection: Selection, given: Collection[str], seed: int, count: int) -> list[Challenge]:
    """``count`` different challenges for the selection, none of those ``given`` (titles, the earliest first) while the
    category has others.

    The same seed gives the same challenges in the same order: those that suit and are new, other new ones of the
    category, those that suit and were given longest ago, then the category's and any: a thin catalogue gives a weaker
    answer rather than none. One SQL statement as long as the category has enough; fewer than ``count`` only when the
    whole catalogue has fewer.
    """
    everything = Challenge.objects.filter(active=True, category__active=True)
    of_category = everything.filter(category__key=selection.category.key)
    found: list[Challenge] = []
    for candidates in (of_category, everything):
        if len(found) < count:
            others = candidates.select_related("category").exclude(pk__in=[challenge.pk for challenge in found])
            ranked = others.ranked(location=selection.location.key, work_type=selection.work_type.key, given=given)
            found += ranked.shuffled(seed)[: count - len(found)]
    return found


def has_new(category: str, given: Collection[str]) -> bool:
    """Whether the category (its key) has a challenge whose title is not ``given``."""
    return Challenge.objects.filter(active=True, category__key=category).exclude(title__in=given).exists()
