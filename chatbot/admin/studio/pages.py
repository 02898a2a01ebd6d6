"""The pages of the studio: overview, editor, comparison and blast radius.

Each function returns the context for the page's template. ``rights`` are the rights of the person.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from challenges.catalog import Options, options
from chatbot.admin.labels import active_labels, kind_label
from chatbot.admin.studio.state import draft_state
from chatbot.admin.studio.trials import DRAFT, FIRST_MESSAGE, LIVE, answers_messages, side, side_label, version_of
from chatbot.admin.studio.versions import results
from chatbot.admin.studio.wording import content_differences, difference_html, variable_text
from chatbot.dialogue.message import LONGEST_MESSAGE, SHORTEST_MESSAGE
from chatbot.evaluation.impact import Impact, has_changed, impacts, last_requests
from chatbot.models import Enforcement, PromptRelease, PromptTemplate, PromptVersion
from chatbot.prompts.content import MODEL_BOUNDS, PromptContent
from chatbot.prompts.contracts import RECOMMENDATION, TEMPLATES, TemplateContract, Variable
from chatbot.prompts.drafts import draft_of
from chatbot.prompts.gate import last_check
from chatbot.providers.configured import provider_names


@dataclass(frozen=True, slots=True)
class Rights:
    may_edit: bool
    may_publish: bool


SHOWN_VERSIONS = 20
SHOWN_RELEASES = 20
SHOWN_MESSAGES = 5
SHOWN_OVERRIDES = 100
"""The maximum number of older releases without a passed check that are shown after the last releases."""


def overview(request: HttpRequest, template: PromptTemplate, rights: Rights) -> dict[str, Any]:
    """The live version with its results, the draft, and the history of releases and versions."""
    releases = list(_releases(template)[:SHOWN_RELEASES])
    live = releases[0] if releases else None
    releases += _releases(template).filter(overridden=True, pk__lt=releases[-1].pk if releases else 0)[:SHOWN_OVERRIDES]
    draft = draft_of(template)
    contract = TEMPLATES.get(template.key)
    return {
        "live": live,
        "columns": _columns(live),
        "releases": releases,
        "versions": _versions(template)[:SHOWN_VERSIONS],
        "version_count": template.versions.count(),
        "draft": draft,
        "state": draft_state(template, draft) if contract else None,
        "contract": contract,
        "variables": _variables(contract) if contract else [],
        "schema": json.dumps(contract.output_schema, ensure_ascii=False, indent=2) if contract else "",
        "all_versions": f"{reverse('admin:chatbot_promptversion_changelist')}?template__id__exact={template.pk}",
        "samples": f"{reverse('admin:chatbot_promptsample_changelist')}?template__id__exact={template.pk}",
        "may_roll_back": rights.may_publish and live is not None and live.previous_id is not None,
    }


def _releases(template: PromptTemplate) -> QuerySet[PromptRelease]:
    related = ("version__template", "version__author", "previous__template", "by")
    return PromptRelease.objects.filter(template=template).select_related(*related).order_by("-pk")


def _versions(template: PromptTemplate) -> QuerySet[PromptVersion]:
    released = PromptRelease.objects.filter(version=OuterRef("pk"))
    versions = PromptVersion.objects.filter(template=template).select_related("template", "author")
    return versions.defer("system_text", "user_text").annotate(was_live=Exists(released)).order_by("-number")


def _columns(live: PromptRelease | None) -> dict[str, Any] | None:
    """The results of the live version and the one before it. Each row has a name and a figure for both."""
    if live is None:
        return None
    versions = [live.version] + ([live.previous] if live.previous else [])
    found = results([version.pk for version in versions])
    each = [found[version.pk] for version in versions]
    rows: list[tuple[str, list[Any]]] = [(_("answers"), [result.answers for result in each])]
    rows += [(str(how.label), [_share(result.kept[how], result.answers) for result in each]) for how in Enforcement]
    rows += [
        (_("failed"), [result.failed for result in each]),
        (_("median time to first token"), [_milliseconds(result.first_token_ms) for result in each]),
        (_("thumbs up"), [result.up for result in each]),
        (_("thumbs down"), [result.down for result in each]),
    ]
    return {"versions": versions, "rows": rows}


def _share(number: int, of: int) -> str:
    return f"{number} ({number / of:.0%})" if number else "0"


def _milliseconds(value: int | None) -> str:
    return "–" if value is None else _("%(count)s ms") % {"count": value}


def editor(request: HttpRequest, template: PromptTemplate, rights: Rights) -> dict[str, Any]:
    """The editor: write, preview, compare, check and publish the draft."""
    contract = TEMPLATES.get(template.key)
    if contract is None:
        raise Http404(template.key)
    draft = draft_of(template)
    content = PromptContent.of(draft)
    check = last_check(template, content.hash)
    config = {
        **_addresses(template),
        "state": draft_state(template, draft),
        "draft": asdict(content),
        "live": asdict(PromptContent.of(template.live_version)) if template.live_version else None,
        "check": check.pk if check else None,
        "user": request.user.pk,
        "mayEdit": rights.may_edit,
    }
    return {
        "config": config,
        "contract": contract,
        "variables": _variables(contract),
        "models": settings.LEAFRESH_CHAT_MODELS,
        "bounds": MODEL_BOUNDS,
        "draft": draft,
        "only_catalog": provider_names(model=content.model) == ["catalog"],
        "sides": _sides(template),
        "left": LIVE,
        "right": DRAFT,
        "may_override": rights.may_publish and request.user.is_superuser,
        **_pickers(template, options.get()),
    }


def _variables(contract: TemplateContract) -> list[tuple[Variable, str]]:
    """Each variable with its meaning."""
    return [(variable, variable_text(variable.name)) for variable in contract.variables]


def _addresses(template: PromptTemplate) -> dict[str, str]:
    names = ("save", "preview", "trials", "checks", "publish")
    return {name: reverse(f"admin:chatbot_prompttemplate_{name}", args=[template.pk]) for name in names}


def _pickers(template: PromptTemplate, known: Options) -> dict[str, Any]:
    """The lists for picking a selection and, for some templates, a message. Names are those in the requests."""
    kinds = {"location": known.locations, "work_type": known.work_types, "category": known.categories}
    names = {"location": _("location"), "work_type": _("work type"), "category": _("category")}
    return {
        "pickers": [{"name": kind, "label": names[kind], "choices": kinds[kind].values()} for kind in kinds],
        "pickable": all(kinds.values()),
        "message": FIRST_MESSAGE if answers_messages(template) else "",
        "message_bounds": (SHORTEST_MESSAGE, LONGEST_MESSAGE),
    }


def _sides(template: PromptTemplate) -> list[tuple[str, str]]:
    """The choices for a side: the draft, the live version and the newest versions. A URL can name any other version."""
    numbers = list(template.versions.order_by("-number").values_list("number", flat=True)[:SHOWN_VERSIONS])
    named = [(DRAFT, _("Draft")), (LIVE, _("Live version"))]
    return named + [(str(number), f"{template.key}@{number}") for number in numbers]


def compare(request: HttpRequest, template: PromptTemplate, rights: Rights) -> dict[str, Any] | HttpResponse:
    """The comparison of two sides (``?left=3&right=draft``): their difference word by word, and trials of both."""
    left, right = request.GET.get("left", LIVE), request.GET.get("right", DRAFT)
    try:
        prompts = {"left": side(template, left), "right": side(template, right)}
    except Http404:
        messages.error(request, _("There is no such version to compare."))
        return redirect("admin:chatbot_prompttemplate_change", template.pk)
    one, other = (prompt.content for prompt in prompts.values())
    sides = _sides(template)
    known = {name for name, _label in sides}
    sides += [(name, f"{template.key}@{name}") for name in (left, right) if name not in known]
    settings_of = [
        [content.model or _("the configured one"), content.temperature, content.max_tokens] for content in (one, other)
    ]
    return {
        "config": {**_addresses(template), "state": None, "mayEdit": rights.may_edit},
        "sides": sides,
        "left": left,
        "right": right,
        "left_label": side_label(template, left, prompts["left"]),
        "right_label": side_label(template, right, prompts["right"]),
        "differences": content_differences(one, other),
        "same": one == other,
        "model_rows": list(zip([_("chat model"), _("temperature"), _("tokens at most")], *settings_of, strict=True)),
        **_pickers(template, options.get()),
    }


def impact(request: HttpRequest, template: PromptTemplate, rights: Rights) -> dict[str, Any]:
    """How the draft would change the prompts of the last real requests, by category.

    People's messages are shown only to persons with the right to view generations.
    """
    live = version_of(template, LIVE)
    contract = TEMPLATES.get(template.key) or TemplateContract(template.key, ())
    requests = last_requests(template, settings.LEAFRESH_IMPACT_REQUESTS)
    before, after = PromptContent.of(live), side(template, DRAFT).content
    may_read = request.user.has_perm("chatbot.view_generation")
    names = active_labels(options.get())["category"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for found in impacts(requests, before=before, after=after, contract=contract, with_quotes=may_read):
        groups.setdefault(names.get(found.category, found.category), []).append(_shown(found))
    return {
        "groups": groups,
        "request_count": len(requests),
        "live_version": live,
        "quotes": bool(contract.quoted),
        "may_read": may_read,
    }


def _shown(found: Impact) -> dict[str, Any]:
    talk = [] if found.kind == RECOMMENDATION else [kind_label({"kind": found.kind})]
    return {
        "name": " · ".join([*found.variables.values(), *talk]),
        "count": found.count,
        "changed": found.changed,
        "messages": found.messages[:SHOWN_MESSAGES],
        "more_messages": len(found.messages[SHOWN_MESSAGES:]),
        "system": difference_html(found.system) if has_changed(found.system) else "",
        "user": difference_html(found.user) if has_changed(found.user) else "",
    }
