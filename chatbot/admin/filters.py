"""Filters that several lists of the chatbot share."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from challenges.models import Category
from chatbot.models import Feedback, Generation, Intent, PromptTemplate, PromptVersion, Turn

_SHOWN_VERSIONS = 200


class _GenerationFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    """Filters generations, or rows with the same column, by ``parameter_name``. Filters feedback by its generation."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        wanted = {self.parameter_name: self.value()}
        if queryset.model is not Feedback:
            return queryset.filter(**wanted)
        # Without a join: with one, SQLite would read every generation of a version first.
        return queryset.filter(Exists(Generation.objects.filter(pk=OuterRef("generation"), **wanted)))


class CategoryFilter(_GenerationFilter):
    """Filters by category. Generations and sessions store the category's key, not a relation."""

    title = _("category")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(Category.objects.values_list("key", "label"))


class SourceFilter(_GenerationFilter):
    title = _("answer source")
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = Generation.objects.order_by("source").values_list("source", flat=True).distinct()
        return [(name, name) for name in names]


class PromptVersionFilter(_GenerationFilter):
    """Filters by prompt version, the newest first. Django's filter would read the template of each version
    separately."""

    title = _("prompt version")
    parameter_name = "prompt_version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        versions = PromptVersion.objects.select_related("template").defer("system_text", "user_text")
        return [(str(version.pk), str(version)) for version in versions.order_by("-pk")[:_SHOWN_VERSIONS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return super().queryset(request, queryset) if value.isascii() and value.isdecimal() else queryset


class PromptTemplateFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    """Filters by the template of the version that wrote the answer. A trial of a draft has no version."""

    title = _("prompt template")
    parameter_name = "template"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, key) for key in PromptTemplate.objects.values_list("key", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Generation]) -> QuerySet[Generation]:
        if not self.value():
            return queryset
        # By the ids of the versions, without a join: the index has the order of the list within each version.
        versions = list(PromptVersion.objects.filter(template__key=self.value()).values_list("pk", flat=True))
        return queryset.filter(prompt_version__in=versions)


class IntentFilter(DropdownFilter):  # type: ignore[misc]  # unfold ships no types
    """Filters sessions that have at least one turn with the intent."""

    title = _("intent")
    parameter_name = "intent"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in Intent.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        turns = Turn.objects.filter(intent=self.value()).values("session")
        return queryset.filter(pk__in=turns) if self.value() else queryset
