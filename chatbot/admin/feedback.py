"""Feedback in the admin. It can be read and exported, but not changed."""

import codecs
import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime, now
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from challenges.admin.files import guarded
from challenges.admin.lists import column, link
from challenges.admin.widgets import SEPARATOR
from chatbot.admin.columns import (
    RecordAdmin,
    answer_html,
    kind_badge,
    moment,
    session_link,
    thumb_badge,
    version_link,
    with_labels,
    without_texts,
)
from chatbot.admin.filters import CategoryFilter, PromptVersionFilter, SourceFilter
from chatbot.answers.rules import RECOMMENDATION
from chatbot.models import Feedback, Turn

BATCH = 500
"""How many rows of an export one query reads."""


def _sentence(feedback: Feedback) -> str:
    answer = feedback.generation.answer
    return Truncator(answer["recommend"]).chars(60) if answer else "–"


def _generation_link(feedback: Feedback) -> SafeString:
    address = reverse("admin:chatbot_generation_change", args=[feedback.generation_id])
    return link(address, str(feedback.generation_id)[:8])


def _may_see(request: HttpRequest, model: str) -> bool:
    return bool(request.user.has_perm(f"chatbot.view_{model}"))


@admin.register(Feedback)
class FeedbackAdmin(RecordAdmin):
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
    fieldsets = (
        (None, {"fields": ("given", "opinion", "reason")}),
        (_("Answer"), {"fields": ("message", "kind", "answer")}),
        (_("Generation"), {"fields": ("generation_link", "category_name", "version", "source", "asked_in")}),
    )

    given = column(_("given"), lambda row: moment(row.given_at), ordering="given_at")
    opinion = column(_("thumb"), lambda row: thumb_badge(row.thumb), ordering="thumb")
    sentence = column(_("answer"), _sentence)
    category_name = column(_("category"), attrgetter("category_label"))
    version = column(_("prompt version"), lambda row: version_link(row.generation.prompt_version))
    source = column(_("answer source"), attrgetter("generation.source"))
    generation_link = column(_("generation"), _generation_link)
    asked_in = column(_("session"), lambda row: session_link(row.session_id))
    message = column(_("message"), lambda row: row.message_said or "–")
    kind = column(_("kind of answer"), lambda row: kind_badge(row.generation.answer) if row.generation.answer else "–")
    answer = column(_("answer"), lambda row: answer_html(row.generation.answer) or "–")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feedback]:
        turn = Turn.objects.filter(session=OuterRef("session"), generation=OuterRef("generation"))
        queryset = super().get_queryset(request).annotate(message_said=Subquery(turn.values("message")[:1]))
        return with_labels(without_texts(queryset), "generation__")

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        """Without what the person may not open."""
        shown: Sequence[str] = super().get_list_display(request)
        return shown if _may_see(request, "generation") else [name for name in shown if name != "generation_link"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without the session's id, which opens a conversation, for those who may not see sessions."""
        needed = {"generation_link": "generation", "asked_in": "chatsession"}
        hidden = {name for name, model in needed.items() if not _may_see(request, model)}
        return [
            (title, {"fields": tuple(name for name in options["fields"] if name not in hidden)})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export), name="chatbot_feedback_export")
        return [export, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        extra = {**(extra_context or {}), "has_export_permission": True}
        response: TemplateResponse = super().changelist_view(request, extra)
        return response

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Downloads all pages of the list with the same filters."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect(f"{reverse('admin:chatbot_feedback_changelist')}?{ERROR_FLAG}=1")
        name = f"feedback-{localtime(now()):%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(_file(rows), content_type="text/csv; charset=utf-8", headers=headers)


_COLUMNS = (
    *("given_at", "thumb", "reason", "kind", "message", "recommend", "challenges"),
    *("category", "prompt_version", "source", "generation"),
)
"""The columns of an export. The session id is left out, because with it a person can read the conversation."""

_ANSWER, _NUMBER = "generation__answer", "generation__prompt_version__number"
_TEMPLATE = "generation__prompt_version__template__key"
_VALUES = (
    *("given_at", "thumb", "reason", "message_said", _ANSWER, "generation__category", _TEMPLATE, _NUMBER),
    *("generation__source", "generation_id"),
)


async def _file(rows: QuerySet[Feedback]) -> AsyncIterator[bytes]:
    """The rows, the newest first, as CSV in UTF-8 with a byte order mark.

    Each batch is a separate query that starts where the last one ended, so a slow reader keeps no transaction open.
    """
    yield codecs.BOM_UTF8 + _csv([_COLUMNS])
    rows = rows.order_by("-given_at", "-pk")
    last: tuple[Any, int] | None = None
    while True:
        batch, last = await sync_to_async(_batch)(rows, last)
        if batch:
            yield batch
        if last is None:
            return


def _batch(rows: QuerySet[Feedback], last: tuple[Any, int] | None) -> tuple[bytes, tuple[Any, int] | None]:
    """The rows after the ``last`` one, and the new last one; None at the end. One SQL statement."""
    if last is not None:
        given_at, pk = last
        rows = rows.filter(given_at__lte=given_at).filter(Q(given_at__lt=given_at) | Q(pk__lt=pk))
    found = list(rows.values("pk", *_VALUES)[:BATCH])
    end = (found[-1]["given_at"], found[-1]["pk"]) if len(found) == BATCH else None
    return _csv(_cells(row) for row in found), end


def _cells(row: Mapping[str, Any]) -> list[str]:
    """The row in the order of ``_COLUMNS``."""
    answer = row[_ANSWER] or {}
    return [
        f"{localtime(row['given_at']):%Y-%m-%d %H:%M:%S}",
        row["thumb"],
        row["reason"],
        answer.get("kind", RECOMMENDATION) if answer else "",
        row["message_said"] or "",
        answer.get("recommend", ""),
        SEPARATOR.join(challenge["title"] for challenge in answer.get("challenges", [])),
        row["generation__category"],
        f"{row[_TEMPLATE]}@{row[_NUMBER]}" if row[_TEMPLATE] else "",
        row["generation__source"],
        str(row["generation_id"]),
    ]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue().encode()
