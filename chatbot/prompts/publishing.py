"""Making versions of a prompt and choosing the one that is live."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from challenges.revisions import Cached
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.rendering import Problem, check, render

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


class InvalidPrompt(ValueError):
    """``problems`` says what keeps the text from being used."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(f"{problem.code} {problem.name}".strip() for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class LivePrompt:
    """The live version of a template, as it was read."""

    version_id: int
    name: str
    system_text: str
    user_text: str
    model: str = ""
    temperature: float | None = None
    max_tokens: int | None = None

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """The system and the user text with the values put in."""
        return render(self.system_text, values), render(self.user_text, values)


def _load_live() -> dict[str, LivePrompt]:
    versions = PromptVersion.objects.filter(pk__in=PromptTemplate.objects.values("live_version"))
    return {
        version.template.key: LivePrompt(
            version.pk,
            str(version),
            version.system_text,
            version.user_text,
            version.model,
            version.temperature,
            version.max_tokens,
        )
        for version in versions.select_related("template")
    }


live_prompts = Cached("prompts", _load_live)
"""The live version of every template, by the template's key; read again when another is made live."""


def create_version(
    *,
    template: PromptTemplate,
    system_text: str,
    user_text: str,
    note: str,
    author: "AbstractBaseUser | None" = None,
    model: str = "",
    temperature: float | None = None,
    max_tokens: int | None = None,
) -> PromptVersion:
    """A new version with the next number. Raises InvalidPrompt when the text breaks the template's contract, or the
    model is none of LEAFRESH_CHAT_MODELS."""
    problems = list(check(TEMPLATES[template.key], system_text=system_text, user_text=user_text))
    if model and model not in settings.LEAFRESH_CHAT_MODELS:
        problems.append(Problem("model", model))
    if problems:
        raise InvalidPrompt(problems)
    with transaction.atomic():
        PromptTemplate.objects.select_for_update().get(pk=template.pk)
        last = template.versions.aggregate(Max("number"))["number__max"] or 0
        version = PromptVersion(
            template=template,
            number=last + 1,
            system_text=system_text,
            user_text=user_text,
            note=note,
            model=model,
            temperature=temperature,
            max_tokens=max_tokens,
            author_id=author.pk if author else None,
        )
        version.full_clean()
        version.save()
    return version


def make_live(version: PromptVersion) -> None:
    """The next generation uses ``version``; those that run finish on theirs."""
    version.template.live_version = version
    version.template.save(update_fields=["live_version"])
