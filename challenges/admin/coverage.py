"""The page that shows where the catalogue is thin: how many challenges suit each selection."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from challenges.coverage import MINIMUM, Coverage, coverage
from challenges.models import Category, Location, WorkType


@dataclass(frozen=True, slots=True)
class TableCell:
    count: int
    link: str
    name: str
    thin: bool = False


@dataclass(frozen=True, slots=True)
class TableRow:
    category: Category
    cells: list[TableCell]
    total: TableCell


def coverage_page(model_admin: Any, request: HttpRequest) -> TemplateResponse:
    """The table of all selections. The caller has checked the permission."""
    found = coverage()
    thin = set(found.thin())
    site = model_admin.admin_site
    request.current_app = site.name
    context = {
        **site.each_context(request),
        "title": _("Coverage"),
        "opts": model_admin.opts,
        "coverage": found,
        "rows": [_row(found, category, thin) for category in found.categories],
        "columns": [_column(found, location, work_type) for location, work_type in _columns(found)],
        "minimum": MINIMUM,
        "thin_count": len(thin),
        "challenge_count": sum(found.totals.values()),
    }
    return TemplateResponse(request, "admin/challenges/coverage.html", context)


def _columns(found: Coverage) -> list[tuple[Location, WorkType]]:
    return [(location, work_type) for location in found.locations for work_type in found.work_types]


def _row(found: Coverage, category: Category, thin: set[tuple[str, str, str]]) -> TableRow:
    cells = []
    for location, work_type in _columns(found):
        key = (category.key, location.key, work_type.key)
        name = f"{category} · {location} · {work_type}"
        link = _link(category=category.pk, locations=location.pk, work_types=work_type.pk)
        cells.append(TableCell(found.counts[key], link, name, key in thin))
    return TableRow(category, cells, TableCell(found.totals[category.key], _link(category=category.pk), str(category)))


def _column(found: Coverage, location: Location, work_type: WorkType) -> TableCell:
    count = sum(found.counts[category.key, location.key, work_type.key] for category in found.categories)
    return TableCell(count, _link(locations=location.pk, work_types=work_type.pk), f"{location} · {work_type}")


def _link(**options: int) -> str:
    """The list of exactly the challenges that were counted."""
    filters = {f"{field}__id__exact": pk for field, pk in options.items()}
    address = reverse("admin:challenges_challenge_changelist")
    return f"{address}?{urlencode({**filters, 'active__exact': 1})}"
