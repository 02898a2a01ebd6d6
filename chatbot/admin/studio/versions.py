"""Prompt versions in the admin: read, compared, rolled back to; never written or deleted."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter

from chatbot.admin.badges import badge, moment, once
from chatbot.admin.results import sources_table
from chatbot.models import PromptRelease, PromptVersion


@admin.register(PromptVersion)
class PromptVersionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Versions are made by publishing a draft."""

    list_display = ("name", "live", "note", "author", "created_at")
    ordering = ("-pk",)  # the newest first; by template and number, the database would sort all texts
    list_filter = (("template", RelatedDropdownFilter),)
    list_filter_submit = True
    show_full_result_count = False
    search_fields = ("note", "system_text", "user_text")
    search_help_text = gettext_lazy("Note or text")
    fields = (
        *("name", "live", "actions_of_version", "full_texts", "model", "temperature", "max_tokens"),
        *("note", "author", "created_at", "content_hash", "releases", "how_it_does"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptVersion]:
        queryset: QuerySet[PromptVersion] = super().get_queryset(request)
        return queryset.select_related("template", "author")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("version"), ordering="number")
    def name(self, version: PromptVersion) -> str:
        return str(version)

    @admin.display(description=gettext_lazy("live"))
    def live(self, version: PromptVersion) -> SafeString | str:
        return badge(_("live"), "success") if version.template.live_version_id == version.pk else "–"

    @admin.display(description=gettext_lazy("links"))
    def actions_of_version(self, version: PromptVersion) -> SafeString:
        context = {"version": version, "template": version.template}
        return render_to_string("admin/chatbot/studio/version_links.html", context)

    @admin.display(description=gettext_lazy("texts"))
    def full_texts(self, version: PromptVersion) -> SafeString:
        texts = {"system_text": version.system_text, "user_text": version.user_text}
        return render_to_string("admin/chatbot/prompt_texts.html", texts)

    @admin.display(description=gettext_lazy("releases"))
    def releases(self, version: PromptVersion) -> SafeString:
        found = PromptRelease.objects.filter(version=version).select_related("previous__template", "by")[:20]
        rows = [(release, moment(release.created_at)) for release in found]
        return render_to_string("admin/chatbot/studio/version_releases.html", {"rows": rows})

    @admin.display(description=gettext_lazy("how it does"))
    @once
    def how_it_does(self, version: PromptVersion) -> SafeString:
        return sources_table(version)
