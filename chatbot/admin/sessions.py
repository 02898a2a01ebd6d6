"""Sessions in the admin: to be read, and to be erased when a person asks for it."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin

from chatbot.admin.badges import outcome_badge, with_labels
from chatbot.models import ChatSession, Turn
from chatbot.recommending import service

_SHOWN_TURNS = 100


@admin.register(ChatSession)
class ChatSessionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("key", "created_at", "turn_count")
    list_filter = (("created_at", admin.DateFieldListFilter),)
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counting every filter's rows reads the whole table for each
    search_fields = ("key",)
    search_help_text = gettext_lazy("The session id, or a part of it")
    fields = ("key", "created_at", "turn_count", "conversation")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatSession]:
        queryset: QuerySet[ChatSession] = super().get_queryset(request)
        return queryset.annotate(number_of_turns=Count("turns"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Says how many turns go; the names of all of them would tell nobody anything."""
        lines = []
        for session in objs:
            count = session.turns.count()
            text = ngettext("%(session)s with %(count)d turn", "%(session)s with %(count)d turns", count)
            lines.append(text % {"session": session, "count": count})
        turns = Turn.objects.filter(session__in=[session.pk for session in objs]).count()
        counts = {ChatSession._meta.verbose_name_plural: len(lines), Turn._meta.verbose_name_plural: turns}
        lacking = set() if self.has_delete_permission(request) else {str(ChatSession._meta.verbose_name)}
        return lines, counts, lacking, []

    def delete_model(self, request: HttpRequest, obj: ChatSession) -> None:
        async_to_sync(service.forget)(obj.key)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        for key in list(queryset.values_list("pk", flat=True)):
            async_to_sync(service.forget)(key)

    @admin.display(description=gettext_lazy("turns"))
    def turn_count(self, session: Any) -> int:
        return int(session.number_of_turns)

    @admin.display(description=gettext_lazy("conversation"))
    def conversation(self, session: Any) -> SafeString:
        turns = session.turns.select_related("generation__prompt_version__template").order_by("-pk")
        turns = turns.defer("generation__system_prompt", "generation__user_prompt")
        shown = [
            {"turn": turn, "generation": turn.generation, "outcome": outcome_badge(turn.generation.outcome)}
            for turn in reversed(with_labels(turns, "generation__")[:_SHOWN_TURNS])
        ]
        context = {"turns": shown, "hidden": max(session.number_of_turns - len(shown), 0)}
        return render_to_string("admin/chatbot/conversation.html", context)
