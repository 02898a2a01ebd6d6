"""Parts that the admin's lists share: columns, links, a search in Python, and forms without related windows."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.forms import Field
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from challenges.admin.change_log import ChangeLogAdmin
from challenges.admin.optimistic_lock import OptimisticLockAdmin


def column(
    description: Any, value: Callable[[Any], object], *, ordering: str | None = None
) -> Callable[[Any, Any], object]:
    """A column of a list, or a field of a page. ``value`` computes its content from the row.

    ``description`` is a lazy translation. The value is computed once for each row, although unfold asks for it several
    times a page.
    """

    def show(_model_admin: Any, row: Any) -> object:
        shown = row.__dict__.setdefault("_shown", {})
        if show not in shown:
            shown[show] = value(row)
        return shown[show]

    return admin.display(description=description, ordering=ordering)(show)


def link(address: str, text: object, *, new_tab: bool = False) -> SafeString:
    target = SafeString(' target="_blank" rel="noopener noreferrer"') if new_tab else ""
    pattern = '<a class="text-primary-600 underline dark:text-primary-500" href="{}"{}>{}</a>'
    return format_html(pattern, address, target, text)


def rows_with(term: str, queryset: QuerySet[Any], texts: Callable[[Any], Iterable[str]]) -> QuerySet[Any]:
    """The rows with a text that contains the term. An empty term returns all rows.

    Python compares the texts, for two reasons: SQLite ignores case for ASCII only, and databases store lists as JSON
    with escapes. There are few rows.
    """
    if not term:
        return queryset
    return queryset.filter(pk__in=[row.pk for row in queryset if any(term in text for text in texts(row))])


MOST_ROWS = 2000
"""Rows that an action changes at once. The page that asks for confirmation sends the key of each."""


class ActionBound:
    """Mixed into an admin: an action on too many rows says so, and does nothing."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        admin_class: Any = super()
        across = request.POST.get("select_across") == "1"
        count = queryset.count() if across else len(request.POST.getlist(ACTION_CHECKBOX_NAME))
        if count > MOST_ROWS:
            words = _(
                "%(count)s rows are selected. At most %(limit)s can be changed at once: use a filter or a search."
            )
            messages.error(request, words % {"count": f"{count:,}", "limit": f"{MOST_ROWS:,}"})
            return None
        return admin_class.response_action(request, queryset)


class UnlinkedAdmin(ActionBound, ChangeLogAdmin, OptimisticLockAdmin):
    """A form without the buttons that open a related row in a window: related rows have their own pages."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        field: Field | None = super().formfield_for_dbfield(db_field, request, **kwargs)
        for switch in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, switch):
                setattr(field.widget, switch, False)
        return field
