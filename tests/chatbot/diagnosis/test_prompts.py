import pytest

from chatbot.diagnosis import prompts
from chatbot.diagnosis.finding import fault
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.contracts import TEMPLATES
from chatbot.prompts.rendering import Problem

pytestmark = pytest.mark.django_db


def test_the_first_versions_are_good() -> None:
    assert [found.level for found in prompts.check()] == ["ok"] * len(TEMPLATES)


def test_a_template_without_a_live_version() -> None:
    PromptTemplate.objects.filter(key="base-info").update(live_version=None)
    assert next(iter(prompts.check())) == fault(
        "The prompt base-info has no live version, so nothing can be recommended with it.",
        "python manage.py load_prompts, or publish a version in the admin.",
    )


def test_a_live_version_that_breaks_its_contract() -> None:
    version = PromptTemplate.objects.get(key="base-info").live_version
    assert version is not None
    PromptVersion.objects.filter(pk=version.pk).update(
        system_text="{{weather}} {{location}} {{workType}} {{output_format}}", user_text=" "
    )
    assert next(iter(prompts.check())).message == (
        f"The live prompt {version} breaks its contract: "
        "its user text is blank; it uses the unknown variable {{weather}}; it lacks {{category}}."
    )


def test_problems_in_words() -> None:
    assert [prompts.describe(Problem(code, "x")) for code in ("too_long", "new_code")] == [
        "it is too long",
        "new_code x",
    ]
