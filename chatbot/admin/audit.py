"""Who changed what and when, with the values before and after; who signed in, and who failed to."""

from typing import Any

from axes.models import AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from challenges.admin.change_log import values_in
from challenges.admin.lists import column, link
from chatbot.admin.columns import RecordAdmin, badge, moment

_ACTIONS = {
    ADDITION: (_("added"), "success"),
    CHANGE: (_("changed"), "info"),
    DELETION: (_("deleted"), "danger"),
}


def _action(entry: LogEntry) -> SafeString:
    text, variant = _ACTIONS.get(entry.action_flag, (entry.get_action_flag_display(), ""))
    return badge(text, variant)


def _kind(entry: LogEntry) -> str:
    model = entry.content_type.model_class() if entry.content_type else None
    return str(model._meta.verbose_name) if model else "–"


def _object(entry: LogEntry) -> object:
    """What was changed; a link while it is there."""
    address = None if entry.action_flag == DELETION else entry.get_admin_url()
    return link(address, entry.object_repr) if address else entry.object_repr


def _changes(entry: LogEntry) -> SafeString | str:
    """Each field with its value before and after; else what Django says."""
    model = entry.content_type.model_class() if entry.content_type else None
    rows = [(_label(model, name), before, after) for name, (before, after) in values_in(entry).items()]
    return render_to_string("admin/chatbot/changes.html", {"rows": rows}) if rows else entry.get_change_message()


def _label(model: Any, name: str) -> str:
    try:
        return capfirst(str(model._meta.get_field(name).verbose_name)) if model else name
    except FieldDoesNotExist:
        return name


@admin.register(LogEntry)
class LogEntryAdmin(RecordAdmin):
    list_display = ("at", "by", "action", "kind", "object", "changes")
    list_display_links = None
    list_filter = (
        ("user", RelatedDropdownFilter),
        ("action_flag", ChoicesDropdownFilter),
        ("content_type", RelatedDropdownFilter),
        ("action_time", admin.DateFieldListFilter),
    )
    search_fields = ("object_repr", "change_message")
    search_help_text = _("What was changed, or a value before or after")

    at = column(_("when"), lambda row: moment(row.action_time), ordering="action_time")
    by = column(_("who"), lambda row: str(row.user), ordering="user")
    action = column(_("action"), _action, ordering="action_flag")
    kind = column(_("kind"), _kind, ordering="content_type")
    object = column(_("what"), _object, ordering="object_repr")
    changes = column(_("before → after"), _changes)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        queryset: QuerySet[LogEntry] = super().get_queryset(request).select_related("user", "content_type")
        return queryset


class _AccessAdmin(RecordAdmin):
    search_fields = ("username", "ip_address")
    search_help_text = _("Name or address")
    list_display_links = None

    at = column(_("when"), lambda row: moment(row.attempt_time), ordering="attempt_time")
    by = column(_("name"), lambda row: row.username or "–", ordering="username")
    address = column(_("address"), lambda row: row.ip_address or "–", ordering="ip_address")
    browser = column(_("browser"), lambda row: row.user_agent[:80], ordering="user_agent")


@admin.register(AccessLog)
class AccessLogAdmin(_AccessAdmin):
    list_display = fields = ("at", "by", "address", "browser", "until")
    list_filter = (("attempt_time", admin.DateFieldListFilter),)
    until = column(_("signed out"), lambda row: moment(row.logout_time) if row.logout_time else "–")


@admin.register(AccessFailureLog)
class AccessFailureLogAdmin(_AccessAdmin):
    list_display = fields = ("at", "by", "address", "browser", "refused")
    list_filter = (("attempt_time", admin.DateFieldListFilter),)
    refused = column(_("bound reached"), lambda row: badge(_("yes"), "danger") if row.locked_out else "–")
