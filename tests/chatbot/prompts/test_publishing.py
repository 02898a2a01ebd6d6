import pytest
from django.core.exceptions import ValidationError

from challenges import revisions
from chatbot.models import PromptTemplate
from chatbot.prompts import seeding
from chatbot.prompts.publishing import InvalidPrompt, create_version, live_prompts, make_live
from chatbot.prompts.rendering import Problem

pytestmark = pytest.mark.django_db

USER = "{{location}} {{workType}} {{category}} {{output_format}}"


@pytest.fixture
def template() -> PromptTemplate:
    return PromptTemplate.objects.get(key="base-info")


def test_the_seed_is_live_and_asks_for_what_was_learned(template: PromptTemplate) -> None:
    live = live_prompts.get()["base-info"]
    assert live.name == "base-info@1"
    system, user = live.render(
        {"location": "산", "workType": "재택근무", "category": "비건", "output_format": "FORMAT"}
    )
    assert "'비건'라는 말이 들어가며" in system
    assert "10자 이하이고, description을 요약한" in system
    assert "정확히 세 개" in system
    assert system.endswith("FORMAT")
    assert user.startswith("사는 곳: 산\n일하는 방식: 재택근무\n관심 있는 주제: 비건")


def test_loading_the_seed_again_changes_nothing(template: PromptTemplate) -> None:
    make_live(create_version(template=template, system_text="새로", user_text=USER, note="고침"))
    assert seeding.load_seed() == []
    assert live_prompts.get()["base-info"].name == "base-info@2"


def test_versions_are_numbered_and_live_at_once_when_made_so(template: PromptTemplate) -> None:
    assert live_prompts.get()["base-info"].name == "base-info@1"
    second = create_version(template=template, system_text="", user_text=USER, note="짧게")
    third = create_version(template=template, system_text="", user_text=USER, note="더 짧게")
    assert (second.number, third.number) == (2, 3)
    assert live_prompts.get()["base-info"].name == "base-info@1"
    make_live(third)
    assert live_prompts.get(revisions.read())["base-info"].name == "base-info@3"
    make_live(second)
    assert live_prompts.get()["base-info"].name == "base-info@2"


def test_a_text_that_breaks_the_contract_makes_no_version(template: PromptTemplate) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        create_version(template=template, system_text="{{season}}", user_text="{{location}} {{workType}}", note="x")
    assert caught.value.problems == [
        Problem("unknown", "season"),
        Problem("missing", "category"),
        Problem("missing", "output_format"),
    ]
    assert template.versions.count() == 1


def test_a_version_never_changes(template: PromptTemplate) -> None:
    version = template.versions.get()
    version.system_text = "몰래 고침"
    with pytest.raises(ValidationError):
        version.save()
