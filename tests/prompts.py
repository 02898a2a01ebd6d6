"""Prompts for tests: contents that keep their contracts, versions of them, and making one live."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from django.contrib.auth.models import Permission, User

from chatbot.models import CheckStatus, PromptCheck, PromptRelease, PromptTemplate, PromptVersion, ReleaseKind
from chatbot.prompts.content import PromptContent
from chatbot.prompts.gate import fingerprint
from chatbot.prompts.releases import create_version, release

USER_TEXT = "{{location}} {{workType}} {{category}} {{output_format}}"
"""Names every variable of ``base-info``, and nothing else."""

CONTENT = PromptContent("친절하게 답해 주세요.", USER_TEXT)
"""A content that can be used, and is not what is live in a new installation."""


ANSWERING = PromptContent("{{output_format}}", "{{category}}\n{{history}}\n{{context}}\n{{message}}")
"""A content of ``free-text`` that can be used."""


def base_info() -> PromptTemplate:
    return PromptTemplate.objects.select_related("live_version").get(key="base-info")


def free_text() -> PromptTemplate:
    return PromptTemplate.objects.select_related("live_version").get(key="free-text")


def content(**changes: Any) -> PromptContent:
    """``CONTENT`` with changes."""
    return replace(CONTENT, **changes)


def make_version(
    template: PromptTemplate | None = None, *, note: str = "고침", author: User | None = None, **changes: Any
) -> PromptVersion:
    """A version of ``content(**changes)``, not live. Raises InvalidPrompt."""
    return create_version(template=template or base_info(), content=content(**changes), note=note, author=author)


def make_live(version: PromptVersion) -> PromptRelease:
    return release(version, kind=ReleaseKind.AUTOMATIC, why="Because a test says so.")


def release_facts(release: PromptRelease) -> dict[str, Any]:
    """All of a release but its time."""
    names = ("template", "version", "previous", "kind", "by", "why", "check_run", "overridden")
    return {name: getattr(PromptRelease.objects.get(pk=release.pk), name) for name in names}


def checked(
    template: PromptTemplate,
    content: PromptContent,
    providers: Sequence[str],
    *,
    status: CheckStatus = CheckStatus.PASSED,
) -> PromptCheck:
    """The row of a check of the content as things are now, without running it."""
    bound = fingerprint(template, content, providers)
    return PromptCheck.objects.create(template=template, status=status, **asdict(bound), **asdict(content))


def person(username: str, *rights: str) -> User:
    """A member of the staff with the given rights, by their code names."""
    user = User.objects.create_user(username, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    assert user.user_permissions.count() == len(rights)
    return user


def superuser(username: str = "root") -> User:
    return User.objects.create_superuser(username)
