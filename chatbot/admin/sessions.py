"""Sessions in the admin: to be read, and to be erased when a person asks for it."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin

from chatbot.admin.badges import once, with_labels
from chatbot.admin.filters import CategoryFilter, IntentFilter
from chatbot.admin.labels import labels
from chatbot.admin.turns import shown_turns
from chatbot.generation import cancellation
from chatbot.models import ChatSession, Turn

_SHOWN_TURNS = 100


@admin.register(ChatSession)
class ChatSessionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = ("key", "current_category", "turn_count", "bound", "created_at", "active_at")
    list_filter = (
        IntentFilter,
        CategoryFilter,
        ("active_at", admin.DateFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    )
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counting every filter's rows reads the whole table for each
    search_fields = ("key",)
    search_help_text = gettext_lazy("The session id, or a part of it")
    fieldsets = (
        (None, {"fields": ("key", ("created_at", "active_at"), ("bound", "server_made"))}),
        (
            gettext_lazy("Remembered"),
            {"fields": (("location_name", "work_type_name"), ("first_category", "current_category"))},
        ),
        (gettext_lazy("Conversation"), {"fields": ("turn_count", "conversation")}),
    )
    readonly_fields = (
        *("key", "created_at", "active_at", "location_name", "work_type_name", "first_category", "current_category"),
        *("bound", "server_made", "turn_count", "conversation"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatSession]:
        queryset: QuerySet[ChatSession] = super().get_queryset(request)
        turns = Turn.objects.filter(session=OuterRef("pk")).order_by().values("session")
        number = Coalesce(Subquery(turns.values(number=Count("pk"))), 0)
        queryset = with_labels(queryset, also=("base_category",))
        return queryset.annotate(number_of_turns=number)

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
        async_to_sync(cancellation.forget)(obj.key)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        for key in list(queryset.values_list("pk", flat=True)):
            async_to_sync(cancellation.forget)(key)

    @admin.display(description=gettext_lazy("location"))
    def location_name(self, session: Any) -> str:
        return session.location_label or "–"

    @admin.display(description=gettext_lazy("work type"))
    def work_type_name(self, session: Any) -> str:
        return session.work_type_label or "–"

    @admin.display(description=gettext_lazy("first category"))
    def first_category(self, session: Any) -> str:
        return session.base_category_label or "–"

    @admin.display(description=gettext_lazy("category"), ordering="category")
    def current_category(self, session: Any) -> str:
        return session.category_label or "–"

    @admin.display(description=gettext_lazy("turns"))
    def turn_count(self, session: Any) -> int:
        return int(session.number_of_turns)

    @admin.display(description=gettext_lazy("conversation"))
    @once
    def conversation(self, session: Any) -> SafeString:
        turns = session.turns.select_related("generation__prompt_version__template").order_by("-pk")
        wide = ("system_prompt", "user_prompt", "raw_text", "variables", "tried", "mends")
        version = ("prompt_version__system_text", "prompt_version__user_text")
        turns = turns.defer(*(f"generation__{name}" for name in (*wide, *version)))
        newest = list(reversed(turns[:_SHOWN_TURNS]))
        given = {thought.generation_id: thought for thought in session.feedback.filter(generation__turns__in=newest)}
        context = {
            "turns": shown_turns(newest, labels(), given),
            "hidden": max(session.number_of_turns - len(newest), 0),
        }
        return render_to_string("admin/chatbot/conversation.html", context)
