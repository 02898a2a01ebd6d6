"""The live version of every template, cached until another version goes live."""

from collections.abc import Mapping
from dataclasses import dataclass

from challenges.revisions import Cached
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.content import PromptContent


@dataclass(frozen=True, slots=True)
class Prompt:
    """A content that a generation uses.

    ``name`` is the prompt version in ``start`` (``base-info@3``, ``base-info@draft``). ``version_id`` is None for a
    draft.
    """

    template_key: str
    version_id: int | None
    name: str
    content: PromptContent

    @classmethod
    def of(cls, version: PromptVersion) -> "Prompt":
        return cls(version.template.key, version.pk, str(version), PromptContent.of(version))

    @classmethod
    def of_draft(cls, template: PromptTemplate, content: PromptContent) -> "Prompt":
        return cls(template.key, None, f"{template.key}@draft", content)

    def render(self, values: Mapping[str, str]) -> tuple[str, str]:
        """The system text and the user text with ``values`` in place of the variables."""
        return self.content.render(values)


def _load_live() -> dict[str, Prompt]:
    versions = PromptVersion.objects.filter(pk__in=PromptTemplate.objects.values("live_version"))
    return {version.template.key: Prompt.of(version) for version in versions.select_related("template")}


live_prompts = Cached("prompts", _load_live)
"""The live version of every template by key. It is read again after any process has made another version live."""
