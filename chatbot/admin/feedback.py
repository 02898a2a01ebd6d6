"""What people thought of their answers, in the admin: to be read and exported, never written."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from chatbot.admin import filters
from chatbot.admin.badges import kind_badge, link, moment, session_link, thumb_badge, with_labels
from chatbot.admin.feedback_export import export_response
from chatbot.models import Feedback, Generation, Turn

_WIDE = ("system_prompt", "user_prompt", "raw_text", "variables", "tried", "mends")
_VERSION = ("prompt_version__system_text", "prompt_version__user_text")


class _OfGeneration:
    """Filters feedback by its generation. Not by a join: SQLite would read every generation of a version first."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Feedback]) -> QuerySet[Feedback]:
        generation = Generation.objects.filter(pk=OuterRef("generation"))
        wanted = super().queryset(request, generation)  # type: ignore[misc]  # the filter's own
        return queryset if wanted is generation else queryset.filter(Exists(wanted))


class CategoryFilter(_OfGeneration, filters.CategoryFilter):
    pass


class PromptVersionFilter(_OfGeneration, filters.PromptVersionFilter):
    pass


class SourceFilter(_OfGeneration, filters.SourceFilter):
    pass


@admin.register(Feedback)
class FeedbackAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    change_list_template = "admin/import_export/change_list_export.html"
    list_display = ("given", "opinion", "reason", "sentence", "category_name", "version", "source", "generation_link")
    list_display_links = ("given",)
    list_filter = (
        ("thumb", ChoicesDropdownFilter),
        PromptVersionFilter,
        CategoryFilter,
        SourceFilter,
        ("given_at", admin.DateFieldListFilter),
    )
    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counting every filter's rows reads the whole table for each
    fieldsets = (
        (None, {"fields": ("given", "opinion", "reason")}),
        (gettext_lazy("Answer"), {"fields": ("message", "kind", "answer")}),
        (
            gettext_lazy("Generation"),
            {"fields": ("generation_link", "category_name", "version", "source", "asked_in")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        queryset: QuerySet[Feedback] = super().get_queryset(request)
        queryset = queryset.select_related("generation__prompt_version__template")
        queryset = queryset.defer(*(f"generation__{name}" for name in (*_WIDE, *_VERSION)))
        turn = Turn.objects.filter(session=OuterRef("session"), generation=OuterRef("generation"))
        queryset = with_labels(queryset, "generation__")
        return queryset.annotate(message_said=Subquery(turn.values("message")[:1]))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return tuple(name for _title, options in self.fieldsets for name in options["fields"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export), name="chatbot_feedback_export")
        inherited: list[URLPattern] = super().get_urls()
        return [export, *inherited]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        extra = {**(extra_context or {}), "has_export_permission": True}
        response: TemplateResponse = super().changelist_view(request, extra)
        return response

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows under the same filters, all pages of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect(f"{reverse('admin:chatbot_feedback_changelist')}?{ERROR_FLAG}=1")
        return export_response(rows)

    @admin.display(description=gettext_lazy("given"), ordering="given_at")
    def given(self, feedback: Feedback) -> str:
        return moment(feedback.given_at)

    @admin.display(description=gettext_lazy("thumb"), ordering="thumb")
    def opinion(self, feedback: Feedback) -> SafeString:
        return thumb_badge(feedback.thumb)

    @admin.display(description=gettext_lazy("answer"))
    def sentence(self, feedback: Feedback) -> str:
        answer = feedback.generation.answer
        return Truncator(answer["recommend"]).chars(60) if answer else "–"

    @admin.display(description=gettext_lazy("category"))
    def category_name(self, feedback: Any) -> str:
        return str(feedback.category_label)

    @admin.display(description=gettext_lazy("prompt version"))
    def version(self, feedback: Feedback) -> SafeString | str:
        version = feedback.generation.prompt_version
        return link(reverse("admin:chatbot_promptversion_change", args=[version.pk]), version) if version else "–"

    @admin.display(description=gettext_lazy("answer source"))
    def source(self, feedback: Feedback) -> str:
        return feedback.generation.source

    @admin.display(description=gettext_lazy("generation"))
    def generation_link(self, feedback: Feedback) -> SafeString:
        address = reverse("admin:chatbot_generation_change", args=[feedback.generation_id])
        return link(address, str(feedback.generation_id)[:8])

    @admin.display(description=gettext_lazy("session"))
    def asked_in(self, feedback: Feedback) -> SafeString:
        return session_link(feedback.session_id)

    @admin.display(description=gettext_lazy("message"))
    def message(self, feedback: Any) -> str:
        return feedback.message_said or "–"

    @admin.display(description=gettext_lazy("kind of answer"))
    def kind(self, feedback: Feedback) -> SafeString | str:
        return kind_badge(feedback.generation.answer) if feedback.generation.answer else "–"

    @admin.display(description=gettext_lazy("answer"))
    def answer(self, feedback: Feedback) -> SafeString | str:
        answer = feedback.generation.answer
        return render_to_string("admin/chatbot/answer.html", {"answer": answer}) if answer else "–"
