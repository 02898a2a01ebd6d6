"""Prompt versions in the admin: read, compared, rolled back to; never written or deleted."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter

from challenges.admin.base import column
from chatbot.admin.columns import ReadOnlyAdmin, badge, moment, prompt_texts
from chatbot.admin.results import sources_table
from chatbot.models import PromptRelease, PromptVersion


def _links(version: PromptVersion) -> SafeString:
    context = {"version": version, "template": version.template}
    return render_to_string("admin/chatbot/studio/version_links.html", context)


def _releases(version: PromptVersion) -> SafeString:
    found = PromptRelease.objects.filter(version=version).select_related("previous__template", "by")[:20]
    rows = [(release, moment(release.created_at)) for release in found]
    return render_to_string("admin/chatbot/studio/version_releases.html", {"rows": rows})


@admin.register(PromptVersion)
class PromptVersionAdmin(ReadOnlyAdmin):
    """Versions are made by publishing a draft."""

    list_display = ("name", "live", "note", "author", "created_at")
    ordering = ("-pk",)  # the newest first; by template and number, the database would sort all texts
    list_filter = (("template", RelatedDropdownFilter),)
    list_filter_submit = True
    show_full_result_count = False
    search_fields = ("note", "system_text", "user_text")
    search_help_text = _("Note or text")
    fields = (
        *("name", "live", "actions_of_version", "full_texts", "model", "temperature", "max_tokens"),
        *("note", "author", "created_at", "content_hash", "releases", "how_it_does"),
    )

    name = column(_("version"), str, ordering="number")
    live = column(_("live"), lambda row: badge(_("live"), "success") if row.template.live_version_id == row.pk else "–")
    actions_of_version = column(_("links"), _links)
    full_texts = column(_("texts"), lambda row: prompt_texts(row.system_text, row.user_text))
    releases = column(_("releases"), _releases)
    how_it_does = column(_("how it does"), sources_table)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptVersion]:
        queryset: QuerySet[PromptVersion] = super().get_queryset(request)
        return queryset.select_related("template", "author")
