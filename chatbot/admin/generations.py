"""Generations in the admin: to be read, never written."""

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from chatbot.admin.badges import (
    enforcement_badge,
    kind_badge,
    link,
    mend_label,
    moment,
    once,
    outcome_badge,
    seconds,
    session_link,
    with_labels,
)
from chatbot.admin.filters import CategoryFilter, PromptTemplateFilter, PromptVersionFilter, SourceFilter
from chatbot.admin.labels import labels
from chatbot.admin.turns import shown_turns
from chatbot.dialogue.prompt_values import unquoted
from chatbot.models import Generation, Purpose, Turn


def filled_up(entry: dict[str, Any]) -> str:
    """Which challenges a source filled up with, as “(2, 3)”; "" when it wrote the whole answer."""
    numbers = ", ".join(map(str, entry.get("challenges", [])))
    return f"({numbers})" if numbers else ""


_MESSAGE = gettext_lazy("Message")


@admin.register(Generation)
class GenerationAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    list_display = (
        "started",
        "category_name",
        "location_name",
        "work_type_name",
        "version",
        "source",
        "result",
        "kept",
        "first_token",
        "duration",
    )
    list_filter = (
        ("purpose", ChoicesDropdownFilter),
        ("outcome", ChoicesDropdownFilter),
        ("enforcement", ChoicesDropdownFilter),
        SourceFilter,
        PromptTemplateFilter,
        PromptVersionFilter,
        CategoryFilter,
        ("started_at", admin.DateFieldListFilter),
    )
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counting every filter's rows reads the whole table for each
    search_fields = ("id",)
    search_help_text = gettext_lazy("The generation's id, or how it begins")
    fieldsets = (
        (None, {"fields": ("id", "started", "result", "error")}),
        (_MESSAGE, {"fields": ("message",)}),
        (gettext_lazy("Answer"), {"fields": ("kind", "reader_answer")}),
        (
            gettext_lazy("Selection"),
            {"fields": ("category_name", "location_name", "work_type_name", "purpose", "asked_in")},
        ),
        (gettext_lazy("Contract"), {"fields": ("kept", "mended", "sources_tried")}),
        (
            gettext_lazy("Run"),
            {"fields": ("source", "first_token", "duration", "tokens_in", "tokens_out", "event_count", "seed")},
        ),
        (gettext_lazy("Prompt"), {"fields": ("version", "prompt", "raw")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        queryset = super().get_queryset(request).select_related("prompt_version__template")
        return with_labels(queryset.defer("prompt_version__system_text", "prompt_version__user_text", "raw_text"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the message when a selection was answered."""
        return [part for part in self.fieldsets if part[0] is not _MESSAGE or (obj and "message" in obj.variables)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Generation], search_term: str
    ) -> tuple[QuerySet[Generation], bool]:
        """A whole id is looked up; the beginning of one is compared."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=uuid.UUID(term)), False
        except ValueError:
            return queryset.filter(pk__startswith=term), False

    @admin.display(description=gettext_lazy("started"), ordering="started_at")
    def started(self, generation: Generation) -> str:
        return moment(generation.started_at)

    @admin.display(description=gettext_lazy("category"), ordering="category")
    def category_name(self, generation: Any) -> str:
        return str(generation.category_label)

    @admin.display(description=gettext_lazy("location"), ordering="location")
    def location_name(self, generation: Any) -> str:
        return str(generation.location_label)

    @admin.display(description=gettext_lazy("work type"), ordering="work_type")
    def work_type_name(self, generation: Any) -> str:
        return str(generation.work_type_label)

    @admin.display(description=gettext_lazy("prompt version"), ordering="prompt_version")
    def version(self, generation: Generation) -> SafeString | str:
        if generation.prompt_version is None:
            return str(Purpose(generation.purpose).label)
        address = reverse("admin:chatbot_promptversion_change", args=[generation.prompt_version_id])
        return link(address, generation.prompt_version)

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def result(self, generation: Generation) -> SafeString:
        return outcome_badge(generation.outcome)

    @admin.display(description=gettext_lazy("contract kept"), ordering="enforcement")
    def kept(self, generation: Generation) -> SafeString | str:
        return enforcement_badge(generation.enforcement) if generation.answer else "–"

    @admin.display(description=gettext_lazy("mended"))
    def mended(self, generation: Generation) -> str:
        return ", ".join(f"{mend_label(name)} {count}" for name, count in generation.mends.items()) or "–"

    @admin.display(description=gettext_lazy("sources tried"))
    def sources_tried(self, generation: Generation) -> SafeString:
        return format_html_join(
            SafeString("<br>"),
            "{} {}",
            ((entry["source"], entry["error"] or filled_up(entry)) for entry in generation.tried),
        )

    @admin.display(description=gettext_lazy("raw text of the sources"))
    def raw(self, generation: Generation) -> SafeString | str:
        if not generation.raw_text:
            return _("It is kept only with LEAFRESH_KEEP_RAW=true.")
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', generation.raw_text)

    @admin.display(description=gettext_lazy("first token after"), ordering="first_token_ms")
    def first_token(self, generation: Generation) -> str:
        return seconds(generation.first_token_ms)

    @admin.display(description=gettext_lazy("duration"), ordering="duration_ms")
    def duration(self, generation: Generation) -> str:
        return seconds(generation.duration_ms)

    @admin.display(description=gettext_lazy("answer"))
    def reader_answer(self, generation: Generation) -> SafeString | str:
        if not generation.answer:
            return _("There is no answer.")
        return render_to_string("admin/chatbot/answer.html", {"answer": generation.answer})

    @admin.display(description=gettext_lazy("kind of answer"))
    def kind(self, generation: Generation) -> SafeString | str:
        return kind_badge(generation.answer) if generation.answer else "–"

    @admin.display(description=gettext_lazy("message"))
    @once
    def message(self, generation: Generation) -> SafeString:
        """With what was understood and looked up, as the one session keeps it that asked. Trials belong to none."""
        turn = Turn.objects.filter(generation=generation).exclude(message="").select_related("generation").first()
        said = turn.message if turn else unquoted("message", str(generation.variables["message"]))
        row = shown_turns([turn], labels())[0] if turn else None
        return render_to_string("admin/chatbot/said.html", {"message": said, "row": row})

    @admin.display(description=gettext_lazy("sessions"))
    @once
    def asked_in(self, generation: Generation) -> SafeString | str:
        keys = list(generation.turns.values_list("session_id", flat=True)[:11])
        links = [session_link(key) for key in keys[:10]]
        if not links:
            return _("No session keeps it.")
        return format_html("{}" + "<br>{}" * (len(links) - 1) + ("<br>…" if len(keys) > 10 else ""), *links)

    @admin.display(description=gettext_lazy("rendered prompt"))
    def prompt(self, generation: Generation) -> SafeString:
        texts = {"system_text": generation.system_prompt, "user_text": generation.user_prompt}
        return render_to_string("admin/chatbot/prompt_texts.html", texts)
