"""Generations in the admin. They can only be read."""

import uuid
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from challenges.admin.lists import column
from chatbot.admin.columns import (
    RecordAdmin,
    answer_html,
    choice_badge,
    kind_badge,
    moment,
    prompt_texts,
    seconds,
    session_link,
    version_link,
    with_labels,
)
from chatbot.admin.filters import CategoryFilter, PromptTemplateFilter, PromptVersionFilter, SourceFilter
from chatbot.admin.labels import all_labels, mends_text
from chatbot.admin.model_health import attempt_error
from chatbot.admin.sessions import shown_turns
from chatbot.dialogue.prompt_values import unquoted
from chatbot.models import Enforcement, Generation, Outcome, Turn

_MESSAGE = _("Message")
_PROMPT = _("Prompt")


def _message(generation: Generation) -> SafeString:
    """The message with its understanding and search results, from the turn of the session. Trials have no session."""
    turn = Turn.objects.filter(generation=generation).exclude(message="").select_related("generation").first()
    said = turn.message if turn else unquoted("message", str(generation.variables["message"]))
    row = shown_turns([turn], all_labels())[0] if turn else None
    return render_to_string("admin/chatbot/said.html", {"message": said, "row": row})


def _sessions(generation: Generation) -> object:
    keys = list(generation.turns.values_list("session_id", flat=True)[:11])
    links = [session_link(key) for key in keys[:10]] + ["…"] * (len(keys) > 10)
    return format_html_join(SafeString("<br>"), "{}", ((each,) for each in links)) or _("It belongs to no session.")


def _sources_tried(generation: Generation) -> SafeString:
    """Each source with its error, or with the numbers of the challenges that it only added."""
    rows = []
    for entry in generation.tried:
        numbers = ", ".join(map(str, entry.get("challenges", [])))
        rows.append((entry["source"], attempt_error(entry) or (f"({numbers})" if numbers else "")))
    return format_html_join(SafeString("<br>"), "{} {}", rows)


def _raw_text(generation: Generation) -> object:
    if not generation.raw_text:
        return _("It is kept only with LEAFRESH_KEEP_RAW=true.")
    return format_html('<pre class="whitespace-pre-wrap">{}</pre>', generation.raw_text)


@admin.register(Generation)
class GenerationAdmin(RecordAdmin):
    list_display = (
        *("started", "category_name", "location_name", "work_type_name", "version", "source"),
        *("result", "kept", "first_token", "duration"),
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
    search_fields = ("id",)
    search_help_text = _("The generation's id, or how it begins")
    fieldsets = (
        (None, {"fields": ("id", "started", "result", "error")}),
        (_MESSAGE, {"fields": ("message",)}),
        (_("Answer"), {"fields": ("kind", "reader_answer")}),
        (_("Selection"), {"fields": ("category_name", "location_name", "work_type_name", "purpose", "asked_in")}),
        (_("Contract"), {"fields": ("kept", "mended", "sources_tried")}),
        (
            _("Run"),
            {"fields": ("source", "first_token", "duration", "tokens_in", "tokens_out", "event_count", "seed")},
        ),
        (_PROMPT, {"fields": ("version", "prompt", "raw")}),
    )

    started = column(_("started"), lambda row: moment(row.started_at), ordering="started_at")
    category_name = column(_("category"), attrgetter("category_label"), ordering="category")
    location_name = column(_("location"), attrgetter("location_label"), ordering="location")
    work_type_name = column(_("work type"), attrgetter("work_type_label"), ordering="work_type")
    version = column(
        _("prompt version"),
        lambda row: version_link(row.prompt_version) if row.prompt_version else row.get_purpose_display(),
        ordering="prompt_version",
    )
    result = column(_("outcome"), lambda row: choice_badge(Outcome(row.outcome)), ordering="outcome")
    kept = column(
        _("contract kept"),
        lambda row: choice_badge(Enforcement(row.enforcement)) if row.answer else "–",
        ordering="enforcement",
    )
    mended = column(_("mended"), lambda row: mends_text(row.mends) or "–")
    sources_tried = column(_("sources tried"), _sources_tried)
    raw = column(_("raw text of the sources"), _raw_text)
    first_token = column(_("first token after"), lambda row: seconds(row.first_token_ms), ordering="first_token_ms")
    duration = column(_("duration"), lambda row: seconds(row.duration_ms), ordering="duration_ms")
    reader_answer = column(_("answer"), lambda row: answer_html(row.answer) or _("There is no answer."))
    kind = column(_("kind of answer"), lambda row: kind_badge(row.answer) if row.answer else "–")
    message = column(_("message"), _message)
    asked_in = column(_("sessions"), _sessions)
    prompt = column(_("rendered prompt"), lambda row: prompt_texts(row.system_prompt, row.user_prompt))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        queryset = super().get_queryset(request).select_related("prompt_version__template")
        return with_labels(queryset.defer("prompt_version__system_text", "prompt_version__user_text", "raw_text"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leaves out the message of a selection, and the prompt for people who may not read prompts."""
        shown = {
            _MESSAGE: obj is not None and "message" in obj.variables,
            _PROMPT: request.user.has_perm("chatbot.view_promptversion"),
        }
        return [part for part in self.fieldsets if part[0] is None or shown.get(part[0], True)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Generation], search_term: str
    ) -> tuple[QuerySet[Generation], bool]:
        """Looks up a whole id, or compares the beginning of one."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            return queryset.filter(pk=uuid.UUID(term)), False
        except ValueError:
            return queryset.filter(pk__startswith=term), False
