"""The two sides of a comparison: the draft, what is live, or a version by its number."""

from django.http import Http404
from django.utils.translation import gettext as _

from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import draft_of
from chatbot.prompts.live import Prompt

DRAFT, LIVE = "draft", "live"


def side(template: PromptTemplate, name: str) -> Prompt:
    """The prompt that ``draft``, ``live`` or a version's number means. Raises Http404."""
    if name == DRAFT:
        return Prompt(template.key, None, f"{template.key}@draft", PromptContent.of(draft_of(template)))
    return Prompt.of(version_of(template, name))


def version_of(template: PromptTemplate, name: str) -> PromptVersion:
    """The live version or the one with that number. Raises Http404."""
    versions = PromptVersion.objects.filter(template=template).select_related("template", "author")
    if name == LIVE:
        found = versions.filter(pk=template.live_version_id or 0).first()
    elif name.isascii() and name.isdecimal() and len(name) < 10:
        found = versions.filter(number=int(name)).first()
    else:
        found = None
    if found is None:
        raise Http404(name)
    return found


def side_label(template: PromptTemplate, name: str, prompt: Prompt) -> str:
    """What the side is called on a page."""
    if name == DRAFT:
        return _("Draft")
    if prompt.version_id == template.live_version_id:
        return _("%(version)s (live)") % {"version": prompt.name}
    return prompt.name
