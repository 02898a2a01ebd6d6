"""The draft of a template. It starts as the live version and is saved while an editor types.

A save never overwrites the change of another editor.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from chatbot.models import PromptDraft, PromptTemplate
from chatbot.prompts.content import PromptContent
from chatbot.prompts.contracts import TEMPLATES

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

DRAFT_LENGTH_FACTOR = 5
"""A draft may be so many times longer than a version: an editor may paste a long text and then shorten it."""


class DraftConflict(Exception):
    """The draft has changed since the revision that the editor saw. ``draft`` is its present state."""

    def __init__(self, draft: PromptDraft) -> None:
        super().__init__(f"{draft} is at revision {draft.revision}")
        self.draft = draft


class DraftTooLong(ValueError):
    """The texts are too long even for a draft. ``limit`` is in characters."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} characters, {limit} at most")
        self.length = length
        self.limit = limit


def draft_of(template: PromptTemplate) -> PromptDraft:
    """The template's draft. If there is none, an unsaved one with revision 0 and the live content."""
    draft = PromptDraft.objects.filter(template=template).select_related("edited_by", "based_on").first()
    if draft is not None:
        draft.template = template
        return draft
    live = template.live_version
    content = PromptContent.of(live) if live else PromptContent("", "")
    now = timezone.now()
    return PromptDraft(template=template, based_on=live, revision=0, edited_at=now, **asdict(content))


def save_draft(
    *, template: PromptTemplate, revision: int, content: PromptContent, by: "AbstractBaseUser | None"
) -> PromptDraft:
    """Replaces the content of the draft, if it is still at ``revision``. Raises DraftConflict, DraftTooLong.

    Saving the same content again changes nothing, for any revision. So a browser can repeat a save whose response was
    lost.
    """
    _bound(template, content)
    draft = draft_of(template)
    if draft.revision and PromptContent.of(draft) == content:
        return draft
    if draft.revision != revision:
        raise DraftConflict(draft)
    change = {
        **asdict(content),
        "edited_by_id": by.pk if by else None,
        "edited_at": timezone.now(),
        "authors": _with_author(draft.authors, by),
    }
    if revision == 0:
        try:
            with transaction.atomic():
                PromptDraft(template=template, based_on=draft.based_on, revision=1, **change).save(force_insert=True)
        except IntegrityError:  # another editor created the draft at the same moment
            raise DraftConflict(draft_of(template)) from None
    else:
        mine = PromptDraft.objects.filter(template=template, revision=revision)
        if not mine.update(**change, revision=revision + 1):
            raise DraftConflict(draft_of(template))
    return draft_of(template)


def _with_author(authors: str, by: "AbstractBaseUser | None") -> str:
    names = [name for name in authors.split(", ") if name]
    name = by.get_username() if by else ""
    return ", ".join(names if not name or name in names else [*names, name])[:500]


def _bound(template: PromptTemplate, content: PromptContent) -> None:
    contract = TEMPLATES.get(template.key)
    limit = DRAFT_LENGTH_FACTOR * (contract.max_length if contract else 20_000)
    length = len(content.system_text) + len(content.user_text)
    if length > limit:
        raise DraftTooLong(length, limit)
