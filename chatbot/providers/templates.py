"""The catalogue's sentences: patterns from ``templates.toml``, filled in with the right particles."""

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from challenges.text import particle
from chatbot.answers.schema import RECOMMENDATION
from chatbot.models import Intent
from chatbot.nlu.facets import FACETS
from chatbot.nlu.safety import help_lines
from chatbot.providers.base import ProviderRequest, TemplateContext

WORDING = Path(__file__).with_suffix(".toml")

_VALUE = re.compile(r"\{(\w+)(?::([^}]+))?\}")


def sentence(request: ProviderRequest, chance: random.Random) -> str:
    """A friendly sentence that names the category. Where no challenges follow, it is the whole answer."""
    return say(_patterns_for(request), _values(request, chance), chance, request.template_context.said)


def patterns(*path: str) -> list[str]:
    """The patterns at a place of ``templates.toml``; none when there is no such place."""
    found: Any = _wording()
    for name in path:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return list(found) if isinstance(found, list) else []


def say(choices: Sequence[str], values: Mapping[str, str], chance: random.Random, said: Sequence[str] = ()) -> str:
    """One of the patterns with its values put in, none that was ``said`` before while there are others."""
    sentences = [fill(pattern, values) for pattern in choices]
    return chance.choice([each for each in sentences if each not in said] or sentences)


def fill(pattern: str, values: Mapping[str, str]) -> str:
    """``{name}`` becomes the value, ``{name:은/는}`` the particle alone that suits the value's last sound."""

    def value(found: re.Match[str]) -> str:
        text = values.get(found[1], "")
        return particle(text, found[2]) if found[2] else text

    return _VALUE.sub(value, pattern)


@cache
def _wording() -> dict[str, Any]:
    return tomllib.loads(WORDING.read_text("utf-8"))


def _patterns_for(request: ProviderRequest) -> list[str]:
    context = request.template_context
    match context.intent:
        case "":
            return patterns("general") + patterns("location", request.selection.location.key)
        case Intent.DANGER:
            return patterns("talk", "help", "english" if context.english else "korean", context.danger)
        case Intent.ABUSE:
            return patterns("talk", "declined")
        case Intent.THANKS if context.after_help:
            return patterns("talk", "after_help")
        case Intent.EXPLAIN if request.kind != RECOMMENDATION:
            return patterns("talk", "explain" if len(context.explained) == 1 else "which")
        case Intent.GREETING | Intent.THANKS | Intent.OFF_TOPIC | Intent.RULES | Intent.BACK as intent:
            return patterns("talk", intent)
    return _patterns_of_recommendation(context)


def _patterns_of_recommendation(context: TemplateContext) -> list[str]:
    if context.assumed:
        return patterns("talk", "assumed")
    if context.intent == Intent.OTHER and context.moved_from:
        return patterns("talk", "exhausted")
    if context.passage:
        return patterns("talk", "passage")
    if context.intent == Intent.REFINE:
        of_facet = FACETS[context.facet].sentences if context.facet else ()
        return list(of_facet) or patterns("talk", "refine")
    if context.intent == Intent.ASK and context.subject:
        return patterns("talk", "subject")
    return patterns("talk", context.intent) or patterns("talk", "ask")


def _values(request: ProviderRequest, chance: random.Random) -> Mapping[str, str]:
    context = request.template_context
    values = {
        "category": request.selection.category.label,
        "before": context.moved_from,
        "subject": context.subject,
        "passage": context.passage,
        "assumed": ", ".join(context.assumed),
        "line": settings.LEAFRESH_HELP_LINE,
        **help_lines.values(),
        "tip": chance.choice(patterns("talk", "tip")),
        "choices": ", ".join(f"{n}번 {each.title}" for n, each in enumerate(context.explained, start=1)),
    }
    if len(context.explained) == 1:
        explained = context.explained[0]
        values |= {"title": explained.title, "description": explained.description}
        if context.passage:
            values["tip"] = context.passage
    return values
