"""Challenges in the admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import models
from django.db.models import QuerySet
from django.forms import Field
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.decorators import action

from challenges.admin.coverage import coverage_page
from challenges.admin.exchange import ExchangeAdmin
from challenges.admin.resources import ChallengeResource
from challenges.forms import ChallengeForm, NormalizedField
from challenges.models import Challenge


@admin.register(Challenge)
class ChallengeAdmin(ExchangeAdmin):
    form = ChallengeForm
    formfield_overrides = {models.CharField: {"form_class": NormalizedField}}
    resource_classes = (ChallengeResource,)
    import_help = gettext_lazy(
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
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    search_fields = ("title", "description")
    search_help_text = gettext_lazy("Title or description")
    actions = ("activate", "deactivate")
    actions_list = ("coverage",)
    warn_unsaved_form = True

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Names the challenges alone: that they no longer suit a place goes without saying."""
        _everything, _counts, lacking, protected = super().get_deleted_objects(objs, request)
        titles = [str(challenge) for challenge in objs]
        return titles, {Challenge._meta.verbose_name_plural: len(titles)}, lacking, protected

    def get_queryset(self, request: HttpRequest) -> QuerySet[Challenge]:
        queryset: QuerySet[Challenge] = super().get_queryset(request)
        return queryset.select_related("category").prefetch_related("locations", "work_types")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        """Options are made on their own pages, not in a window above this form."""
        field: Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        for link in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, link):
                setattr(field.widget, link, False)
        return field

    @admin.display(description=gettext_lazy("description"), ordering="description")
    def beginning(self, challenge: Challenge) -> str:
        return Truncator(challenge.description).chars(40)

    @admin.display(description=gettext_lazy("locations"))
    def location_labels(self, challenge: Challenge) -> str:
        return ", ".join(location.label for location in challenge.locations.all())

    @admin.display(description=gettext_lazy("work types"))
    def work_type_labels(self, challenge: Challenge) -> str:
        return ", ".join(work_type.label for work_type in challenge.work_types.all())

    @admin.action(description=gettext_lazy("Activate the selected challenges"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[Challenge]) -> None:
        count = self._switch(request, queryset, active=True)
        text = ngettext("%(count)d challenge was activated.", "%(count)d challenges were activated.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    @admin.action(description=gettext_lazy("Deactivate the selected challenges"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Challenge]) -> None:
        count = self._switch(request, queryset, active=False)
        text = ngettext("%(count)d challenge was deactivated.", "%(count)d challenges were deactivated.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Challenge], *, active: bool) -> int:
        """Switches those that are not as wanted yet, and logs it; returns how many."""
        changed = list(queryset.exclude(active=active).prefetch_related(None).select_related(None))
        for start in range(0, len(changed), 500):
            keys = [challenge.pk for challenge in changed[start : start + 500]]
            Challenge.objects.filter(pk__in=keys).update(active=active, updated_at=timezone.now())
        if changed:
            message = _("Activated.") if active else _("Deactivated.")
            LogEntry.objects.log_actions(request.user.pk or 0, changed, CHANGE, message)
        return len(changed)

    @action(  # type: ignore[untyped-decorator]  # unfold ships no types
        description=gettext_lazy("Coverage"), url_path="coverage", icon="grid_on", permissions=["view"]
    )
    def coverage(self, request: HttpRequest) -> HttpResponse:
        return coverage_page(self, request)
