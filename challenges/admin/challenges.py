"""Challenges in the admin, and the coverage page, which shows the selections with few challenges."""

from itertools import product
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.decorators import action

from challenges.admin.exchange import ExchangeAdmin
from challenges.admin.lists import column
from challenges.admin.options import challenges_address
from challenges.admin.resources import ChallengeResource
from challenges.coverage import MINIMUM, Coverage, coverage
from challenges.forms import ChallengeForm
from challenges.models import Challenge, Option


@admin.register(Challenge)
class ChallengeAdmin(ExchangeAdmin):
    form = ChallengeForm
    resource_classes = (ChallengeResource,)
    import_help = _(
        "A row changes the challenge with its id, else the one with its title; without either it makes a new one. "
        "Several locations or work types are separated by “|”. Either all rows are imported, or none."
    )
    list_display = ("title", "beginning", "category", "location_labels", "work_type_labels", "active", "updated_at")
    list_filter = (
        ("category", RelatedDropdownFilter),
        ("locations", RelatedDropdownFilter),
        ("work_types", RelatedDropdownFilter),
        ("active", BooleanRadioFilter),
    )
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("title", "description")
    search_help_text = _("Title or description")
    beginning = column(_("description"), lambda row: Truncator(row.description).chars(40), ordering="description")
    location_labels = column(_("locations"), lambda row: ", ".join(map(str, row.locations.all())))
    work_type_labels = column(_("work types"), lambda row: ", ".join(map(str, row.work_types.all())))
    actions = ("activate", "deactivate")
    actions_list = ("coverage",)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Lists the challenges only, not the rows that link them to locations and work types."""
        _everything, _counts, lacking, protected = super().get_deleted_objects(objs, request)
        titles = [str(challenge) for challenge in objs]
        return titles, {Challenge._meta.verbose_name_plural: len(titles)}, lacking, protected

    def get_queryset(self, request: HttpRequest) -> QuerySet[Challenge]:
        queryset: QuerySet[Challenge] = super().get_queryset(request)
        return queryset.select_related("category").prefetch_related("locations", "work_types")

    @admin.action(description=_("Activate the selected challenges"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Challenge]) -> None:
        words = ngettext_lazy("%(count)d challenge was activated.", "%(count)d challenges were activated.", "count")
        self._switch(request, queryset, words, active=True)

    @admin.action(description=_("Deactivate the selected challenges"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Challenge]) -> None:
        words = ngettext_lazy("%(count)d challenge was deactivated.", "%(count)d challenges were deactivated.", "count")
        self._switch(request, queryset, words, active=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Challenge], words: Any, *, active: bool) -> None:
        """Changes the rows that are not in the wanted state yet, logs each change, and shows their number."""
        changed = list(queryset.exclude(active=active).prefetch_related(None).select_related(None))
        for start in range(0, len(changed), 500):
            keys = [challenge.pk for challenge in changed[start : start + 500]]
            Challenge.objects.filter(pk__in=keys).update(active=active, updated_at=timezone.now())
        if changed:
            message = _("Activated.") if active else _("Deactivated.")
            LogEntry.objects.log_actions(request.user.pk or 0, changed, CHANGE, str(message))
        self.message_user(request, words % {"count": len(changed)}, messages.SUCCESS)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=_("Coverage"), url_path="coverage", icon="grid_on", permissions=["view"]
    )
    def coverage(self, request: HttpRequest) -> HttpResponse:
        """The coverage page: how many challenges suit each selection."""
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "title": _("Coverage"), "opts": self.opts}
        return TemplateResponse(request, "admin/challenges/coverage.html", {**context, **_table(coverage())})


def _cell(count: int, *options: Option, thin: bool = False) -> dict[str, Any]:
    """A number in the table. Its ``link`` opens the list of the challenges that were counted."""
    name = " · ".join(map(str, options))
    return {"count": count, "link": challenges_address(*options), "name": name, "thin": thin}


def _table(found: Coverage) -> dict[str, Any]:
    sums = dict.fromkeys(product(found.locations, found.work_types), 0)
    thin = set(found.thin())
    rows = []
    for category in found.categories:
        cells = []
        for location, work_type in sums:
            key = (category.key, location.key, work_type.key)
            cells.append(_cell(found.counts[key], category, location, work_type, thin=key in thin))
            sums[location, work_type] += found.counts[key]
        rows.append({"category": category, "cells": cells, "total": _cell(found.totals[category.key], category)})
    return {
        "coverage": found,
        "rows": rows,
        "columns": [_cell(count, *options) for options, count in sums.items()],
        "minimum": MINIMUM,
        "thin_count": len(thin),
        "challenge_count": sum(found.totals.values()),
    }
