"""Locations, work types and categories in the admin."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from import_export.resources import modelresource_factory

from challenges.admin.exchange import ExchangeAdmin
from challenges.admin.lists import column, link, rows_with
from challenges.admin.resources import CategoryResource, OptionResource
from challenges.forms import CategoryForm, OptionForm
from challenges.models import Category, Location, Option, WorkType
from challenges.text import lookup_name

_CHALLENGE_FIELDS = {Category: "category", Location: "locations", WorkType: "work_types"}


def challenges_address(*options: Option) -> str:
    """The address of the list of active challenges that suit all the options."""
    filters = {f"{_CHALLENGE_FIELDS[type(option)]}__id__exact": option.pk for option in options}
    return f"{reverse('admin:challenges_challenge_changelist')}?{urlencode({**filters, 'active__exact': 1})}"


def _aliases(option: Option) -> str:
    shown, hidden = option.aliases[:4], len(option.aliases) - 4
    return ", ".join(shown) + (_(" and %(count)d more") % {"count": hidden} if hidden > 0 else "")


class OptionAdmin(ExchangeAdmin):
    """The common base of the admin pages for locations, work types and categories."""

    form = OptionForm
    import_help = _(
        "A row changes the entry with its key; a new key makes a new entry. Aliases are separated by commas. "
        "Either all rows are imported, or none."
    )
    list_display = ("emoji", "label", "key", "alias_text", "challenge_count", "order", "active")
    list_display_links = ("emoji", "label", "key")
    list_editable = ("order", "active")
    search_fields = ("key",)  # shows the search field; what is searched is in get_search_results
    search_help_text = _("Key, label or alias")
    fields: tuple[str, ...] = ("label", "key", "emoji", "description", "aliases", "order", "active")
    alias_text = column(_("aliases"), _aliases)
    challenge_count = column(
        _("active challenges"),
        lambda row: link(challenges_address(row), row.active_challenges),
        ordering="active_challenges",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Option]:
        active = Count("challenges", filter=Q(challenges__active=True))
        queryset: QuerySet[Option] = super().get_queryset(request).annotate(active_challenges=active)
        return queryset

    def get_readonly_fields(self, request: HttpRequest, obj: Option | None = None) -> tuple[str, ...]:
        """Sessions and clients remember keys, so a key never changes."""
        return ("key",) if obj else ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Option], search_term: str
    ) -> tuple[QuerySet[Option], bool]:
        """Compares names in the same way as ``Options.select``, ignoring case, white space and width variants."""
        return rows_with(lookup_name(search_term), queryset, Option.names), False

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Refuses to delete an option that challenges refer to: they would lose it, or be deleted too."""
        counts = {option: option.challenges.count() for option in objs}
        used = [
            ngettext(
                "%(option)s: %(count)d challenge refers to it. Deactivate it instead, or change the challenge.",
                "%(option)s: %(count)d challenges refer to it. Deactivate it instead, or change them.",
                count,
            )
            % {"option": option, "count": count}
            for option, count in counts.items()
            if count
        ]
        if used:
            return [], {}, set(), used
        return super().get_deleted_objects(objs, request)


@admin.register(Location)
class LocationAdmin(OptionAdmin):
    resource_classes = (modelresource_factory(Location, OptionResource),)


@admin.register(WorkType)
class WorkTypeAdmin(OptionAdmin):
    resource_classes = (modelresource_factory(WorkType, OptionResource),)


@admin.register(Category)
class CategoryAdmin(OptionAdmin):
    form = CategoryForm
    fields = ("label", "key", "emoji", "description", "aliases", "keywords", "order", "active")
    resource_classes = (CategoryResource,)
