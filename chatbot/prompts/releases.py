"""Creates versions and releases them. Each release is one transaction. Without a passed check it is marked."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Max

from chatbot.models import PromptCheck, PromptDraft, PromptRelease, PromptTemplate, PromptVersion, ReleaseKind
from chatbot.prompts.content import PromptContent
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.drafts import DraftConflict, draft_of
from chatbot.prompts.gate import fingerprint, passed_check
from chatbot.prompts.problems import Problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class InvalidPrompt(ValueError):
    """``problems`` are the reasons why the content cannot be used."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(f"{problem.code} {problem.name}".strip() for problem in problems))
        self.problems = problems


class NotReleased(Exception):
    """The version was not released. ``code`` is the reason: ``forbidden``, ``no_note``, ``unchanged``, ``unchecked``,
    ``no_override_reason``, ``never_live`` or ``unused_template``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def publish(
    *,
    template: PromptTemplate,
    revision: int,
    note: str,
    by: "User",
    providers: Sequence[str],
    override: str | None = None,
) -> PromptRelease:
    """Creates a version from the draft at ``revision``, and releases it.

    ``providers`` are the names of the providers in order. ``override`` is a superuser's reason to publish without a
    passed check. Raises NotReleased, InvalidPrompt, DraftConflict.
    """
    _require_right(by)
    if not note.strip():
        raise NotReleased("no_note")
    with transaction.atomic():
        template = _locked(template)
        draft = draft_of(template)
        if draft.revision != revision:
            raise DraftConflict(draft)
        content = PromptContent.of(draft)
        _require_valid(template, content)
        if template.live_version and template.live_version.content_hash == content.hash:
            raise NotReleased("unchanged")
        check = passed_check(template, fingerprint(template, content, providers))
        if check is None:
            _require_override(by, override)
        version = _add_version(template, content, note=note.strip(), by=by, written_by=draft.authors)
        PromptDraft.objects.filter(template=template).update(based_on=version, authors="")
        why = (override or "").strip() if check is None else note.strip()
        return release(version, kind=ReleaseKind.PUBLISH, by=by, why=why, check=check, overridden=check is None)


def roll_back(*, version: PromptVersion, by: "User", why: str) -> PromptRelease:
    """Makes an earlier live version live again. Raises NotReleased, InvalidPrompt.

    Its samples are not run again, because it passed them before it went live. Its variables, length and model are
    checked again.
    """
    _require_right(by)
    with transaction.atomic():
        template = _locked(version.template)
        if template.live_version_id == version.pk:
            raise NotReleased("unchanged")
        if not version.releases.exists():
            raise NotReleased("never_live")
        _require_valid(template, PromptContent.of(version))
        return release(version, kind=ReleaseKind.ROLLBACK, by=by, why=why.strip())


def create_version(
    *, template: PromptTemplate, content: PromptContent, note: str, author: "User | None" = None
) -> PromptVersion:
    """Creates a version with the next number. It is not live yet. Raises InvalidPrompt."""
    with transaction.atomic():
        template = _locked(template)
        _require_valid(template, content)
        return _add_version(template, content, note=note, by=author)


def release(
    version: PromptVersion,
    *,
    kind: ReleaseKind,
    why: str,
    by: "User | None" = None,
    check: PromptCheck | None = None,
    overridden: bool = False,
) -> PromptRelease:
    """Makes ``version`` live, and records the release. New generations use it; running ones keep their version."""
    with transaction.atomic():
        template = _locked(version.template)
        made = PromptRelease(
            template=template,
            version=version,
            previous=template.live_version,
            kind=kind,
            by=by,
            why=why[:500],
            check_run=check,
            overridden=overridden,
        )
        made.save()
        template.live_version = version
        template.save(update_fields=["live_version"])
    version.template = template
    return made


def _locked(template: PromptTemplate) -> PromptTemplate:
    """The template's present row, locked: another release of the template waits."""
    return PromptTemplate.objects.select_for_update(of=("self",)).select_related("live_version").get(pk=template.pk)


def _require_right(by: "User") -> None:
    if not by.has_perm("chatbot.publish_prompt"):
        raise NotReleased("forbidden")


def _require_valid(template: PromptTemplate, content: PromptContent) -> None:
    contract = TEMPLATES.get(template.key)
    if contract is None:
        raise NotReleased("unused_template")
    problems = list(content.problems(contract))
    if problems:
        raise InvalidPrompt(problems)


def _require_override(by: "User", override: str | None) -> None:
    if override is None or not by.is_superuser:
        raise NotReleased("unchecked")
    if not override.strip():
        raise NotReleased("no_override_reason")


def _add_version(
    template: PromptTemplate, content: PromptContent, *, note: str, by: "User | None", written_by: str = ""
) -> PromptVersion:
    last = template.versions.aggregate(Max("number"))["number__max"] or 0
    version = PromptVersion(
        template=template,
        number=last + 1,
        content_hash=content.hash,
        note=note,
        author=by,
        written_by=written_by,
        **asdict(content),
    )
    version.full_clean()
    version.save()
    return version
