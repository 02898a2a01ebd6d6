"""Sessions in the admin with their conversations. They can be read, and erased if a person requests it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import admin
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from challenges.admin.lists import column
from challenges.models import Challenge
from chatbot.admin.columns import (
    RecordAdmin,
    badge,
    choice_badge,
    count_of,
    kind_badge,
    thumb_badge,
    web_address,
    with_labels,
    without_texts,
)
from chatbot.admin.filters import CategoryFilter, IntentFilter
from chatbot.admin.labels import Labels, all_labels, intent_label, label, reason_text
from chatbot.models import ChatSession, Feedback, KnowledgeDocument, Outcome, Turn
from chatbot.runtime import runtime

_SHOWN_TURNS = 100

_PAGES = {
    "challenge": (Challenge, "admin:challenges_challenge_change"),
    "document": (KnowledgeDocument, "admin:chatbot_knowledgedocument_change"),
}


def shown_turns(
    turns: Sequence[Turn], named: Labels, feedback: Mapping[Any, Feedback] | None = None
) -> list[dict[str, Any]]:
    """The data of turns for the pages, in order. Missing values are empty. The turns' generations must be loaded.

    ``feedback`` is by generation. Takes two SQL statements.
    """
    pages = _pages(found for turn in turns for found in turn.found)
    return [_shown(turn, named, pages, (feedback or {}).get(turn.generation_id)) for turn in turns]


def _shown(turn: Turn, named: Labels, pages: Mapping[tuple[str, int], str], given: Feedback | None) -> dict[str, Any]:
    generation = turn.generation
    picked = [label(named, kind, getattr(generation, kind)) for kind in ("category", "location", "work_type")]
    return {
        "turn": turn,
        "generation": generation,
        "picked": " · ".join(picked),
        "intent": intent_label(turn.intent),
        "reasons": [reason_text(reason, named) for reason in turn.reasons],
        "moved": (label(named, "category", turn.moved_from), picked[0]) if turn.moved_from else None,
        "references": [_reference(found, pages) for found in turn.found],
        "outcome": "" if generation.outcome == Outcome.COMPLETED else choice_badge(Outcome(generation.outcome)),
        "kind": kind_badge(generation.answer) if generation.answer else "",
        "thumb": thumb_badge(given.thumb) if given else "",
        "opinion": given.reason if given else "",
    }


def _pages(found: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """The addresses in the admin of found rows that still exist."""
    ids: dict[str, set[int]] = {kind: set() for kind in _PAGES}
    for each in found:
        if each.get("kind") in ids and isinstance(each.get("id"), int):
            ids[each["kind"]].add(each["id"])
    return {
        (kind, pk): reverse(address, args=[pk])
        for kind, (model, address) in _PAGES.items()
        for pk in model._default_manager.filter(pk__in=ids[kind]).values_list("pk", flat=True)
    }


def _reference(found: Mapping[str, Any], pages: Mapping[tuple[str, int], str]) -> dict[str, str]:
    """A search result. ``page`` is its address in the admin; "" if it no longer exists. ``link`` is an external
    link."""
    kind, score = str(found.get("kind", "")), found.get("score")
    name = _PAGES[kind][0]._meta.verbose_name if kind in _PAGES else kind
    return {
        "kind": badge(name, "primary" if kind == "challenge" else "info"),
        "title": str(found.get("title", "")),
        "score": f"{score:.2f}" if isinstance(score, int | float) else "",
        "page": pages.get((kind, found.get("id", 0)), ""),
        "link": web_address(str(found.get("link", ""))),
    }


def _conversation(session: Any) -> SafeString:
    newest = list(reversed(without_texts(session.turns.order_by("-pk"))[:_SHOWN_TURNS]))
    given = {feedback.generation_id: feedback for feedback in session.feedback.filter(generation__turns__in=newest)}
    hidden = max(session.number_of_turns - len(newest), 0)
    context = {"turns": shown_turns(newest, all_labels(), given), "hidden": hidden}
    return render_to_string("admin/chatbot/conversation.html", context)


@admin.register(ChatSession)
class ChatSessionAdmin(RecordAdmin):
    list_display = ("key", "current_category", "turn_count", "bound", "created_at", "active_at")
    list_filter = (
        IntentFilter,
        CategoryFilter,
        ("active_at", admin.DateFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    )
    search_fields = ("key",)
    search_help_text = _("The session id, or a part of it")
    fieldsets = (
        (None, {"fields": ("key", ("created_at", "active_at"), ("bound", "server_made"))}),
        (_("Remembered"), {"fields": (("location_name", "work_type_name"), ("first_category", "current_category"))}),
        (_("Conversation"), {"fields": ("turn_count", "conversation")}),
    )

    location_name = column(_("location"), lambda row: row.location_label or "–")
    work_type_name = column(_("work type"), lambda row: row.work_type_label or "–")
    first_category = column(_("first category"), lambda row: row.base_category_label or "–")
    current_category = column(_("category"), lambda row: row.category_label or "–", ordering="category")
    turn_count = column(_("turns"), attrgetter("number_of_turns"))
    conversation = column(_("conversation"), _conversation)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChatSession]:
        queryset = super().get_queryset(request).annotate(number_of_turns=count_of(Turn, "session"))
        return with_labels(queryset, also=("base_category",))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(ModelAdmin.has_delete_permission(self, request, obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Shows how many turns would be deleted, instead of all their names."""
        lines = []
        for session in objs:
            count = session.turns.count()
            text = ngettext("%(session)s with %(count)d turn", "%(session)s with %(count)d turns", count)
            lines.append(text % {"session": session, "count": count})
        turns = Turn.objects.filter(session__in=[session.pk for session in objs]).count()
        counts = {ChatSession._meta.verbose_name_plural: len(lines), Turn._meta.verbose_name_plural: turns}
        lacking = set() if self.has_delete_permission(request) else {str(ChatSession._meta.verbose_name)}
        return lines, counts, lacking, []

    def log_deletions(self, request: HttpRequest, queryset: Iterable[ChatSession]) -> list[LogEntry]:
        """Logs that sessions were erased, not which: whoever was erased must not be found by the id."""
        kind = ContentType.objects.get_for_model(ChatSession)
        digests = [hashlib.sha256(session.pk.encode()).hexdigest()[:12] for session in queryset]
        entries = [
            LogEntry(
                user_id=request.user.pk or 0, content_type=kind, object_id=each, object_repr=each, action_flag=DELETION
            )
            for each in digests
        ]
        return LogEntry.objects.bulk_create(entries, batch_size=500)

    def delete_model(self, request: HttpRequest, obj: ChatSession) -> None:
        async_to_sync(_forget)([obj.key])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ChatSession]) -> None:
        async_to_sync(_forget)(list(queryset.values_list("pk", flat=True)))


async def _forget(keys: Sequence[str]) -> None:
    for key in keys:
        await runtime().cancellation.forget(key)
