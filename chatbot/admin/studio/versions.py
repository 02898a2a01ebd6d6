"""Prompt versions in the admin, which can only be read, with the results of their answers."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter

from challenges.admin.change_log import log_change
from challenges.admin.lists import column
from chatbot.admin.columns import ReadOnlyAdmin, badge, moment, prompt_texts
from chatbot.models import Enforcement, Feedback, Generation, Outcome, PromptRelease, PromptVersion, Purpose, Thumb
from chatbot.providers.catalog import CatalogProvider


@dataclass(slots=True)
class Results:
    """The results of one version or one provider.

    ``kept`` counts complete answers by enforcement. ``timed`` counts those with a known time to the first token.
    ``first_token_ms`` is the median of that time in milliseconds; None if no time is known.
    """

    kept: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    timed: int = 0
    first_token_ms: int | None = None
    thumbs: Counter[str] = field(default_factory=Counter)

    @property
    def answers(self) -> int:
        return self.kept.total()

    @property
    def up(self) -> int:
        return self.thumbs[Thumb.UP]

    @property
    def down(self) -> int:
        return self.thumbs[Thumb.DOWN]

    @property
    def ways(self) -> list[int]:
        """``kept`` in the order of ``Enforcement``."""
        return [self.kept[how] for how in Enforcement.values]


def _of_its_model() -> Q:
    """The condition for answers that the prompt's own model wrote.

    The catalogue does not read the prompt: it writes fixed answers, and replaces a model that fails. Answers of a
    fallback model say nothing about the prompt either.
    """
    return ~Q(source__in=[CatalogProvider().name, *settings.LEAFRESH_FALLBACK_MODELS])


def _results_by(name: str, versions: Sequence[int], only: Q | None = None) -> dict[Any, Results]:
    """The results by a column of generations, without trials and checks. ``only`` is a further condition. Takes two
    queries."""
    found: dict[Any, Results] = defaultdict(Results)
    rows = Generation.objects.filter(prompt_version__in=versions, purpose=Purpose.PUBLIC).filter(only or Q()).order_by()
    counts = (Count("pk"), Count("first_token_ms"))
    for key, outcome, enforcement, number, timed in rows.values_list(name, "outcome", "enforcement").annotate(*counts):
        found[key].timed += timed
        if outcome == Outcome.COMPLETED:
            found[key].kept[enforcement] += number
        elif outcome == Outcome.FAILED:
            found[key].failed += number
    given = Feedback.objects.filter(generation__prompt_version__in=versions).order_by()
    if only is not None:
        given = given.filter(generation__in=Generation.objects.filter(only))
    for key, thumb, number in given.values_list(f"generation__{name}", "thumb").annotate(Count("pk")):
        found[key].thumbs[thumb] = number
    return found


def results(versions: Sequence[int]) -> Mapping[int, Results]:
    """The results by version, of the answers that its own model wrote. Takes two queries, and another one for each
    version with answers."""
    found = _results_by("prompt_version", versions, _of_its_model())
    for version, result in found.items():
        if result.timed:
            result.first_token_ms = _median(version, result.timed)
    return {version: found[version] for version in versions}


def _median(version: int, number: int) -> int | None:
    """The lower median of ``number`` times, read with an offset."""
    rows = Generation.objects.filter(_of_its_model(), prompt_version=version, purpose=Purpose.PUBLIC)
    rows = rows.filter(first_token_ms__isnull=False)
    times: Any = rows.order_by("first_token_ms").values_list("first_token_ms", flat=True)
    middle = list(times[(number - 1) // 2 : (number - 1) // 2 + 1])
    return middle[0] if middle else None


def log_release(release: PromptRelease, by: User) -> None:
    """A release in the admin's log, beside all other changes."""
    before = "" if release.previous is None else str(release.previous)
    log_change(by, release.template, {"live_version": (before, str(release.version)), "why": ("", release.why)})


def sources_table(version: PromptVersion) -> SafeString:
    """A table with a row for each provider: answers by enforcement, failures and thumbs."""
    found = sorted(_results_by("source", [version.pk]).items())
    context = {"results": found, "ways": [how.label for how in Enforcement]}
    return render_to_string("admin/chatbot/results.html", context)


def _links(version: PromptVersion) -> SafeString:
    context = {"version": version, "template": version.template}
    return render_to_string("admin/chatbot/studio/version_links.html", context)


def _releases(version: PromptVersion) -> SafeString:
    found = PromptRelease.objects.filter(version=version).select_related("previous__template", "by")[:20]
    rows = [(release, moment(release.created_at)) for release in found]
    return render_to_string("admin/chatbot/studio/version_releases.html", {"rows": rows})


@admin.register(PromptVersion)
class PromptVersionAdmin(ReadOnlyAdmin):
    """Versions can only be read. Publishing a draft creates one."""

    list_display = ("name", "live", "note", "author", "created_at")
    ordering = ("-pk",)  # the newest first; by template and number, the database would sort all texts
    list_filter = (("template", RelatedDropdownFilter),)
    list_filter_submit = True
    show_full_result_count = False
    search_fields = ("note", "system_text", "user_text")
    search_help_text = _("Note or text")
    fields = (
        *("name", "live", "actions_of_version", "full_texts", "model", "temperature", "max_tokens"),
        *("note", "author", "written", "created_at", "content_hash", "releases", "how_it_does"),
    )

    name = column(_("version"), str, ordering="number")
    live = column(_("live"), lambda row: badge(_("live"), "success") if row.template.live_version_id == row.pk else "–")
    actions_of_version = column(_("links"), _links)
    full_texts = column(_("texts"), lambda row: prompt_texts(row.system_text, row.user_text))
    written = column(_("written by"), lambda row: row.written_by or "–")
    releases = column(_("releases"), _releases)
    how_it_does = column(_("results of its answers"), sources_table)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptVersion]:
        queryset: QuerySet[PromptVersion] = super().get_queryset(request)
        return queryset.select_related("template", "author")
