"""Counts the active challenges that suit each selection, for the admin's coverage page and ``manage.py doctor``."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from django.db.models import Count

from challenges.models import Category, Challenge, Location, WorkType

MINIMUM = 6
"""A selection with fewer challenges than this is thin. Six are two answers of three without a repetition."""

Cell = tuple[str, str, str]
"""The keys of a category, a location and a work type."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The number of challenges for every selection. Each kind of option has the order that the admin shows.

    ``counts`` has an entry for every selection, also for those without challenges. ``totals`` is the number of active
    challenges of each category.
    """

    categories: tuple[Category, ...]
    locations: tuple[Location, ...]
    work_types: tuple[WorkType, ...]
    counts: Mapping[Cell, int]
    totals: Mapping[str, int]

    def thin(self, minimum: int = MINIMUM) -> list[Cell]:
        """The selections with fewer than ``minimum`` challenges, in the order of the table."""
        return [cell for cell, count in self.counts.items() if count < minimum]


def coverage() -> Coverage:
    """The present coverage of the catalogue. Takes five SQL statements for any number of challenges."""
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
