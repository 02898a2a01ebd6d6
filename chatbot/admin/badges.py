"""Small pieces that the chatbot's admin pages share. Everything that is put into them is escaped."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.admin.utils import quote
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from challenges.models import Category, Location, WorkType
from chatbot.answers.schema import RECOMMENDATION
from chatbot.models import Enforcement, Outcome, Thumb

_VARIANTS = {
    Outcome.COMPLETED: "success",
    Outcome.RUNNING: "info",
    Outcome.FAILED: "danger",
    Outcome.INTERRUPTED: "warning",
}


def badge(text: object, variant: str = "") -> SafeString:
    """``text`` on a coloured ground: ``success``, ``info``, ``warning``, ``danger`` or, by default, grey."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "variant": variant})


def outcome_badge(outcome: str) -> SafeString:
    return badge(Outcome(outcome).label, _VARIANTS.get(Outcome(outcome), ""))


_KINDS = {
    "recommendation": (gettext_lazy("recommendation"), "success"),
    "explanation": (gettext_lazy("explanation"), "info"),
    "smalltalk": (gettext_lazy("small talk"), ""),
    "declined": (gettext_lazy("declined"), "warning"),
    "help": (gettext_lazy("help"), "danger"),
}


def kind_label(answer: Mapping[str, Any]) -> str:
    """Of which kind an answer is; those from before there were kinds are recommendations."""
    return str(_kind(answer)[0])


def _kind(answer: Mapping[str, Any]) -> tuple[object, str]:
    kind = answer.get("kind", RECOMMENDATION)
    return _KINDS.get(kind, (kind, ""))


def kind_badge(answer: Mapping[str, Any]) -> SafeString:
    return badge(*_kind(answer))


_THUMBS = {Thumb.UP: ("👍", "success"), Thumb.DOWN: ("👎", "danger")}


def thumb_badge(thumb: str) -> SafeString:
    sign, variant = _THUMBS[Thumb(thumb)]
    return badge(f"{sign} {Thumb(thumb).label}", variant)


_ENFORCEMENT_VARIANTS = {
    Enforcement.AS_IT_CAME: "success",
    Enforcement.MENDED: "info",
    Enforcement.FILLED: "warning",
}

_MENDS = {
    "title": gettext_lazy("title shortened or cleaned"),
    "markup": gettext_lazy("markup removed"),
    "emoji": gettext_lazy("emoji removed"),
    "repetition": gettext_lazy("repetition left out"),
    "superfluous": gettext_lazy("superfluous challenge left out"),
    "category_added": gettext_lazy("category added to the sentence"),
    "category_replaced": gettext_lazy("unknown category replaced"),
    "challenges_as_string": gettext_lazy("challenges were a string"),
    "foreign_sentence": gettext_lazy("sentence was not Korean"),
    "foreign_challenge": gettext_lazy("challenge was not Korean"),
}


def enforcement_badge(enforcement: str) -> SafeString:
    how = Enforcement(enforcement)
    return badge(how.label, _ENFORCEMENT_VARIANTS.get(how, ""))


def mend_label(name: str) -> str:
    """What a mend of the composer means, in words."""
    return str(_MENDS.get(name, name))


def link(address: str, text: object) -> SafeString:
    return format_html('<a class="text-primary-600 underline dark:text-primary-500" href="{}">{}</a>', address, text)


def session_link(key: str) -> SafeString:
    """The session's page. Its id may be any visible characters, also those that the admin's addresses escape."""
    return link(reverse("admin:chatbot_chatsession_change", args=[quote(key)]), key)


def outward_link(address: str) -> SafeString | str:
    """The address as a link that opens beside the admin; a dash where there is none that a browser may follow."""
    if not address.lower().startswith(("https://", "http://")):
        return "–"
    pattern = '<a class="{}" href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
    host = address.partition("//")[2].partition("/")[0]
    return format_html(pattern, "text-primary-600 underline dark:text-primary-500", address, host or address)


def moment(time: datetime) -> str:
    """A point in time, short enough for a column."""
    return date_format(localtime(time), "Y-m-d H:i")


def seconds(milliseconds: int | None) -> str:
    """A time of a generation as a person reads it."""
    return "–" if milliseconds is None else _("%(count).2f s") % {"count": milliseconds / 1000}


def once(show: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A display method that works its value out once per object: unfold asks for each several times a page."""

    @wraps(show)
    def shown(model_admin: Any, row: Any) -> Any:
        kept = row.__dict__.setdefault("_shown", {})
        if show.__name__ not in kept:
            kept[show.__name__] = show(model_admin, row)
        return kept[show.__name__]

    return shown


_OPTIONS: Mapping[str, Any] = {
    "location": Location,
    "work_type": WorkType,
    "category": Category,
    "base_category": Category,
}


def with_labels(queryset: QuerySet[Any], prefix: str = "", *, also: Collection[str] = ()) -> QuerySet[Any]:
    """Adds ``location_label``, ``work_type_label`` and ``category_label``: what is called so today, else the key.

    ``prefix`` leads to the generation (``generation__``); ``also`` may name ``base_category``.
    """
    labelled: QuerySet[Any] = queryset.annotate(
        **{
            f"{name}_label": Coalesce(
                Subquery(_OPTIONS[name]._default_manager.filter(key=OuterRef(prefix + name)).values("label")[:1]),
                F(prefix + name),
            )
            for name in ("location", "work_type", "category", *also)
        }
    )
    return labelled
