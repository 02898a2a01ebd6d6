"""Texts of the studio as HTML. Everything that people or models wrote is escaped here, and nowhere trusted."""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from chatbot.prompts.diff import Change
from chatbot.prompts.rendering import Segment

_PATTERNS = {"equal": "{}", "insert": "<ins>{}</ins>", "delete": "<del>{}</del>"}


def difference_html(changes: Iterable[Change]) -> SafeString:
    """A difference to be read: what came, what went, and a mark where equal text was left out."""
    return format_html_join("", "{}", ((_change(change),) for change in changes))


def _change(change: Change) -> SafeString:
    if change.kind == "gap":
        return format_html(' <span class="gap" title="{}">[…]</span> ', _("equal text left out"))
    return format_html(_PATTERNS[change.kind], change.text)


def rendered_html(segments: Iterable[Segment]) -> SafeString:
    """A rendered prompt with the values marked."""
    return format_html_join(
        "",
        "{}",
        (
            (format_html('<mark title="{}">{}</mark>', segment.name, segment.text) if segment.name else segment.text,)
            for segment in segments
        ),
    )
