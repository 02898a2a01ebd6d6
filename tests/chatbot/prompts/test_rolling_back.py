"""Creating versions and releases, and rolling back to an earlier version."""

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError
from pytest_django import Settings

from chatbot.models import PromptRelease, PromptTemplate, PromptVersion, ReleaseKind
from chatbot.prompts.content import PromptContent, live_prompts
from chatbot.prompts.problems import Problem
from chatbot.prompts.releases import InvalidPrompt, NotReleased, release, roll_back
from tests.prompts import CONTENT, base_info, make_live, make_version, person, release_facts, superuser

pytestmark = pytest.mark.django_db


@pytest.fixture
def template() -> PromptTemplate:
    return base_info()


@pytest.fixture
def publisher() -> User:
    return person("publisher", "publish_prompt")


def test_a_version_that_was_live_comes_back_without_a_check(template: PromptTemplate, publisher: User) -> None:
    first, second = template.live_version, make_version()
    assert first is not None
    make_live(second)
    made = roll_back(version=first, by=publisher, why=" 반응이 나빠서 ")
    assert release_facts(made) == {
        "template": template,
        "version": first,
        "previous": second,
        "kind": ReleaseKind.ROLLBACK,
        "by": publisher,
        "why": "반응이 나빠서",
        "check_run": None,
        "overridden": False,
    }
    assert live_prompts.get()["base-info"].name == "base-info@1"


def rollback_refused(version: PromptVersion, by: User) -> str:
    before = base_info().live_version
    with pytest.raises(NotReleased) as caught:
        roll_back(version=version, by=by, why="그냥")
    assert base_info().live_version == before
    return caught.value.code


def test_what_never_was_live_is_live_or_belongs_to_others_does_not_come_back(
    template: PromptTemplate, publisher: User
) -> None:
    first, never = template.live_version, make_version()
    assert first is not None
    assert rollback_refused(never, publisher) == "never_live"
    assert rollback_refused(never, superuser()) == "never_live"
    assert rollback_refused(first, publisher) == "unchanged"
    make_live(never)
    assert rollback_refused(first, person("editor", "change_promptdraft")) == "forbidden"


def test_a_version_whose_model_is_gone_does_not_come_back(publisher: User, settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODELS = ["openai:a"]
    old = make_version(model="openai:a")
    make_live(old)
    make_live(make_version())
    settings.LEAFRESH_CHAT_MODELS = []
    with pytest.raises(InvalidPrompt) as caught:
        roll_back(version=old, by=publisher, why="그냥")
    assert caught.value.problems == [Problem("model", "openai:a", "model")]


def test_versions_are_numbered_within_their_template_and_not_live_by_themselves(template: PromptTemplate) -> None:
    author = superuser()
    second, third = make_version(note="짧게", author=author), make_version(system_text="더")
    assert [(str(version), version.note, version.author) for version in (second, third)] == [
        ("base-info@2", "짧게", author),
        ("base-info@3", "고침", None),
    ]
    assert second.content_hash == PromptContent.of(second).hash == CONTENT.hash
    assert live_prompts.get()["base-info"].name == "base-info@1"


def test_a_text_that_breaks_the_contract_makes_no_version(template: PromptTemplate) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        make_version(system_text="{{season}}", user_text="{{location}} {{workType}}")
    assert caught.value.problems == [
        Problem("unknown", "season", "system_text", 0, 10),
        Problem("missing", "category"),
        Problem("missing", "output_format"),
    ]
    assert template.versions.count() == 1


def test_a_reason_of_any_length_is_kept_in_part() -> None:
    made = release(make_version(), kind=ReleaseKind.AUTOMATIC, why="가" * 600)
    assert PromptRelease.objects.get(pk=made.pk).why == "가" * 500


def test_no_release_claims_a_check_it_did_not_have(template: PromptTemplate) -> None:
    with pytest.raises(IntegrityError, match="release_checked_or_overridden"):
        release(make_version(), kind=ReleaseKind.PUBLISH, why="몰래")
