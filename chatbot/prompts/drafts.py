"""The draft of a template: begun from the live version, saved as one types, never over somebody else's change."""

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
"""A draft may be this many times longer than its version may: one pastes first and shortens then."""


class DraftConflict(Exception):
    """The draft was changed since the revision that was to be replaced. ``draft`` is how it is now."""

    def __init__(self, draft: PromptDraft) -> None:
        super().__init__(f"{draft} is at revision {draft.revision}")
        self.draft = draft


class DraftTooLong(ValueError):
    """The texts cannot even be kept as a draft; ``limit`` is in characters."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"{length} characters, {limit} at most")
        self.length = length
        self.limit = limit


def draft_of(template: PromptTemplate) -> PromptDraft:
    """The template's draft; where there is none yet, an unsaved one at revision 0 with the live content."""
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
    """Replaces what the draft was at ``revision``. Saving the same again changes nothing, whatever the revision: an
    answer that was lost on its way may be asked for again. Raises DraftConflict, DraftTooLong.
    """
    _bound(template, content)
    draft = draft_of(template)
    if draft.revision and PromptContent.of(draft) == content:
        return draft
    if draft.revision != revision:
        raise DraftConflict(draft)
    change = {**asdict(content), "edited_by_id": by.pk if by else None, "edited_at": timezone.now()}
    if revision == 0:
        try:
            with transaction.atomic():
                PromptDraft(template=template, based_on=draft.based_on, revision=1, **change).save(force_insert=True)
        except IntegrityError:  # somebody else began it at the same moment
            raise DraftConflict(draft_of(template)) from None
    else:
        mine = PromptDraft.objects.filter(template=template, revision=revision)
        if not mine.update(**change, revision=revision + 1):
            raise DraftConflict(draft_of(template))
    return draft_of(template)


def _bound(template: PromptTemplate, content: PromptContent) -> None:
    contract = TEMPLATES.get(template.key)
    limit = DRAFT_LENGTH_FACTOR * (contract.max_length if contract else 20_000)
    length = len(content.system_text) + len(content.user_text)
    if length > limit:
        raise DraftTooLong(length, limit)
