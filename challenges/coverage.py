"""How many active challenges suit each selection: what the admin's coverage page and ``manage.py doctor`` show."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from django.db.models import Count

from challenges.models import Category, Challenge, Location, WorkType

MINIMUM = 6
"""Challenges a selection needs before it counts as covered: two answers of three without a repetition."""

Cell = tuple[str, str, str]
"""Keys of category, location and work type."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The numbers for every selection that can be picked, each kind of option in its order.

    ``counts`` has an entry for every selection, also where nothing suits. ``totals`` says how many active challenges
    a category has, wherever they suit.
    """

    categories: tuple[Category, ...]
    locations: tuple[Location, ...]
    work_types: tuple[WorkType, ...]
    counts: Mapping[Cell, int]
    totals: Mapping[str, int]

    def thin(self, minimum: int = MINIMUM) -> list[Cell]:
        """The selections that fewer than ``minimum`` challenges suit, in the order of the table."""
        return [cell for cell, count in self.counts.items() if count < minimum]


def coverage() -> Coverage:
    """The coverage of the catalogue as it is now. Five SQL statements, however many challenges there are."""
    categories = tuple(Category.objects.filter(active=True))
    locations = tuple(Location.objects.filter(active=True))
    work_types = tuple(WorkType.objects.filter(active=True))
    active = Challenge.objects.filter(active=True).order_by()
    found = {
        (row["category"], row["locations"], row["work_types"]): row["count"]
        for row in active.values("category", "locations", "work_types").annotate(count=Count("pk"))
    }
    return Coverage(
        categories,
        locations,
        work_types,
        counts={
            (category.key, location.key, work_type.key): found.get((category.pk, location.pk, work_type.pk), 0)
            for category, location, work_type in product(categories, locations, work_types)
        },
        totals={category.key: 0 for category in categories}
        | dict(active.filter(category__active=True).values_list("category__key").annotate(Count("pk"))),
    )
