"""Parts of the chatbot's lists and pages: columns, badges, links and times. All texts in them are escaped."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Count, F, Model, OuterRef, QuerySet, Subquery, TextChoices
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from challenges.admin.lists import ActionBound, link
from challenges.models import Category
from chatbot.admin.labels import OPTIONS, kind_label
from chatbot.answers.rules import HELP, RECOMMENDATION
from chatbot.models import Enforcement, Outcome, PromptVersion, Thumb, WordKind


class ReadOnlyAdmin(ActionBound, ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """The base of admins for rows that can only be read. Django shows each field as text."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RecordAdmin(ReadOnlyAdmin):
    """The base of admins for rows that the chatbot writes. There are very many of them."""

    list_filter_submit = True
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counting the rows of a filter would read the whole table


def badge(text: object, variant: str = "") -> SafeString:
    """``text`` on a coloured ground: ``success``, ``info``, ``warning``, ``danger`` or, by default, grey."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "variant": variant})


_VARIANTS: Mapping[str, str] = {
    choice: variant
    for variant, choices in {
        "success": (Outcome.COMPLETED, Enforcement.AS_IT_CAME, WordKind.FINE, RECOMMENDATION),
        "info": (Outcome.RUNNING, Enforcement.MENDED, "explanation"),
        "warning": (Outcome.INTERRUPTED, Enforcement.FILLED, WordKind.ABUSE, "declined"),
        "danger": (Outcome.FAILED, WordKind.SELF_HARM, WordKind.EMERGENCY, WordKind.VIOLENCE, HELP),
    }.items()
    for choice in choices
}


def choice_badge(choice: TextChoices) -> SafeString:
    return badge(choice.label, _VARIANTS.get(choice, ""))


def kind_badge(answer: Mapping[str, Any]) -> SafeString:
    return badge(kind_label(answer), _VARIANTS.get(answer.get("kind", RECOMMENDATION), ""))


def thumb_badge(thumb: str) -> SafeString:
    sign, variant = ("👍", "success") if thumb == Thumb.UP else ("👎", "danger")
    return badge(f"{sign} {Thumb(thumb).label}", variant)


def session_link(key: str) -> SafeString:
    """A link to the session's page. The id may contain any visible characters, also those that the admin escapes."""
    return link(reverse("admin:chatbot_chatsession_change", args=[quote(key)]), key)


def version_link(version: PromptVersion | None) -> SafeString | str:
    return link(reverse("admin:chatbot_promptversion_change", args=[version.pk]), version) if version else "–"


def web_address(address: str) -> str:
    """The address if it is safe as a link, else ""."""
    return address if address.lower().startswith(("https://", "http://")) else ""


def moment(time: datetime) -> str:
    """A time in a short form for a column."""
    return date_format(localtime(time), "Y-m-d H:i")


def seconds(milliseconds: int | None) -> str:
    """A duration of a generation for people."""
    return "–" if milliseconds is None else _("%(count).2f s") % {"count": milliseconds / 1000}


def answer_html(answer: Mapping[str, Any] | None) -> SafeString | str:
    """The answer as a person read it; "" for none."""
    return render_to_string("admin/chatbot/answer.html", {"answer": answer}) if answer else ""


def prompt_texts(system_text: str, user_text: str) -> SafeString:
    texts = {"system_text": system_text, "user_text": user_text}
    return render_to_string("admin/chatbot/prompt_texts.html", texts)


def with_labels(queryset: QuerySet[Any], prefix: str = "", *, also: Collection[str] = ()) -> QuerySet[Any]:
    """Adds ``location_label``, ``work_type_label`` and ``category_label``: the present labels, or else the keys.

    ``prefix`` is the path to the generation (``generation__``). ``also`` are other columns with the key of a category.
    """
    labels = {
        f"{name}_label": Coalesce(
            Subquery(model._default_manager.filter(key=OuterRef(prefix + name)).values("label")[:1]), F(prefix + name)
        )
        for name, model in {**OPTIONS, **dict.fromkeys(also, Category)}.items()
    }
    labelled: QuerySet[Any] = queryset.annotate(**labels)
    return labelled


def count_of(model: type[Model], field: str) -> Coalesce:
    """An annotation for lists: the number of rows of ``model`` that refer to the row with ``field``."""
    rows = model._default_manager.filter(**{field: OuterRef("pk")}).order_by().values(field)
    return Coalesce(Subquery(rows.values(number=Count("pk"))), 0)


def without_texts(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The rows with their ``generation`` and its prompt version, without the long texts of these."""
    texts = ("system_prompt", "user_prompt", "raw_text", "variables", "tried", "mends")
    version = ("prompt_version__system_text", "prompt_version__user_text")
    queryset = queryset.select_related("generation__prompt_version__template")
    return queryset.defer(*(f"generation__{name}" for name in (*texts, *version)))
