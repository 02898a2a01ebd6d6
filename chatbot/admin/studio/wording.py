"""Texts of the studio: sentences for codes, and prompts as HTML. Texts of people and models are escaped."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from chatbot.admin.labels import Labels, label
from chatbot.evaluation.judge import Reason
from chatbot.models import Outcome
from chatbot.prompts.content import PromptContent, Segment
from chatbot.prompts.contracts import TemplateContract
from chatbot.prompts.diff import Change, differences
from chatbot.prompts.gate import Fingerprint
from chatbot.prompts.problems import Problem
from chatbot.prompts.releases import InvalidPrompt, NotReleased


def marker(name: str) -> str:
    """A variable in the notation of prompts."""
    return f"{{{{{name}}}}}"


def variable_text(name: str) -> str:
    """The meaning of a variable."""
    words = {
        "location": _("where the person lives"),
        "workType": _("how the person works"),
        "category": _("the category of the answer"),
        "output_format": _("the JSON format of the answer, which depends on its kind"),
        "message": _("the person's message, between tags that mark it as data"),
        "history": _("the conversation before, the oldest message first, between tags that mark it as data"),
        "context": _(
            "the understanding of the message, the found challenges and documents, and the challenges that the person"
            " has got, between tags that mark it as data"
        ),
    }
    return words.get(name, "")


def problem_text(problem: Problem, contract: TemplateContract) -> str:
    """A sentence about the problem of a draft, and how to correct it."""
    words = {
        "blank": _("The user text must not be blank."),
        "too_long": _("Both texts together have %(length)s characters; %(limit)s are allowed."),
        "unknown": _("%(marker)s is not known here. Known are: %(known)s."),
        "missing": _("%(marker)s must appear in the system text or the user text."),
        "unbalanced": _("These double braces have no partner. A variable is written like %(marker)s."),
        "brackets": _("%(name)s is no variable and would stay as it is. Write %(marker)s."),
        "invisible": _("There is an invisible character here (%(character)s): delete it."),
        "model": _("The model %(model)s is not among those that can be chosen (LEAFRESH_CHAT_MODELS)."),
        "bounds": _("“%(field)s” must be within %(bounds)s."),
    }
    if problem.code == "unknown" and not problem.name:
        return _("A name is missing between the double braces.")
    known = [marker(variable.name) for variable in contract.variables]
    name = re.sub(r"\W", "", problem.name) if problem.code == "brackets" else problem.name
    return words[problem.code] % {
        "length": f"{int(problem.name):,}" if problem.code == "too_long" else "",
        "limit": f"{contract.max_length:,}",
        "marker": known[0] if problem.code == "unbalanced" else marker(name),
        "name": problem.name,
        "known": ", ".join(known),
        "field": _("Temperature") if problem.field == "temperature" else _("Tokens at most"),
        **dict.fromkeys(("character", "model", "bounds"), problem.name),
    }


def failure_text(reason: Reason) -> str:
    """A sentence about the difference between a sample's answer and the expectation."""
    values = {name: value for name, value in reason.items() if name != "code"}
    words = {
        "no_answer": _("There was no answer: %(outcome)s. %(error)s"),
        "refused": _("It could not be tried: %(error)s"),
        "without_model": _(
            "This message is always answered without a model, so it does not test the prompt. Use another message."
        ),
        "other_source": _("The model %(asked)s could not do it, so %(source)s had to answer. %(error)s"),
        "repaired": _("The answer was not valid JSON and had to be repaired."),
        "asked_again": _("Challenges were missing or could not be used, so the model had to be asked again."),
        "filled": _("Challenges were missing or could not be used, so the catalogue had to fill in."),
        "category_missing": _("The sentence does not name the category “%(label)s”."),
        "title_bounds": _("The title “%(title)s” has %(length)s characters; %(least)s to %(most)s are expected."),
        "lacks": _("The answer does not contain “%(words)s”."),
        "contains": _("The answer contains “%(words)s”."),
        "too_short": _("The sentence has %(length)s characters; at least %(bound)s are expected."),
        "too_long": _("The sentence has %(length)s characters; at most %(bound)s are expected."),
    }
    if "outcome" in values:
        values["outcome"] = Outcome(values["outcome"]).label
    pattern = words.get(reason["code"])
    return (pattern % values).strip() if pattern else str(reason["code"])


def refusal_text(refusal: InvalidPrompt | NotReleased) -> str:
    """A sentence about why the version was not released, and what to do."""
    if isinstance(refusal, InvalidPrompt):
        return ngettext(
            "The text has %(count)d problem: correct it first.",
            "The text has %(count)d problems: correct them first.",
            len(refusal.problems),
        ) % {"count": len(refusal.problems)}
    words = {
        "forbidden": _("You do not have the right to publish. Ask somebody who has it."),
        "no_note": _("Write what changed, and why."),
        "unchanged": _("There is nothing to release: this is live already."),
        "unchecked": _("This exact text has not passed its check yet: run the check first."),
        "no_override_reason": _("Write why it is published without a passed check."),
        "never_live": _("This version was never live, so there is nothing to roll back to."),
        "unused_template": _("Nothing uses this template any more."),
    }
    return words[refusal.code]


def stale_text(check: Any, now: Fingerprint) -> str:
    """A sentence about why a check is no longer valid."""
    if check.content_hash != now.content_hash:
        return _("The text has changed since the check.")
    if check.sources != now.sources:
        return _("Another model would write now (%(now)s) than at the check (%(then)s).") % {
            "now": now.sources,
            "then": check.sources,
        }
    return _("The samples, the options or the template's contract have changed since the check.")


def selection_text(selection: Mapping[str, Any], named: Labels) -> str:
    """A selection of keys as text with the present labels, and its message."""
    parts = [label(named, kind, str(selection[kind])) for kind in ("category", "location", "work_type")]
    if message := selection.get("message"):
        parts.append(_("“%(message)s”") % {"message": message})
    return " · ".join(parts)


_CHANGES = {"equal": "{}", "insert": "<ins>{}</ins>", "delete": "<del>{}</del>"}


def difference_html(changes: Iterable[Change]) -> SafeString:
    """A difference as HTML: insertions, deletions, and a mark where equal text is left out."""
    gap = format_html(' <span class="gap" title="{}">[…]</span> ', _("equal text left out"))
    parts = (gap if change.kind == "gap" else format_html(_CHANGES[change.kind], change.text) for change in changes)
    return format_html_join("", "{}", ((part,) for part in parts))


def content_differences(before: PromptContent, after: PromptContent) -> dict[str, SafeString]:
    return {
        "system": difference_html(differences(before.system_text, after.system_text)),
        "user": difference_html(differences(before.user_text, after.user_text)),
    }


def rendered_html(segments: Iterable[Segment]) -> SafeString:
    """A rendered prompt with the values marked."""
    marked = '<mark title="{}">{}</mark>'
    parts = (format_html(marked, part.name, part.text) if part.name else part.text for part in segments)
    return format_html_join("", "{}", ((part,) for part in parts))
