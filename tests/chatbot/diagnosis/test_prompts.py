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
    template = PromptTemplate.objects.get(key="base-info")
    system_text = "{{weather}} {{location}} {{workType}} {{output_format}}"
    version = PromptVersion.objects.create(template=template, number=2, system_text=system_text, user_text=" ")
    PromptTemplate.objects.update(live_version=version)
    assert next(iter(prompts.check())).message == (
        f"The live prompt {version} breaks its contract: "
        "its user text is blank; it uses the unknown variable {{weather}}; it lacks {{category}}."
    )


def test_every_template_is_examined() -> None:
    template = PromptTemplate.objects.get(key="free-text")
    version = PromptVersion.objects.create(template=template, number=2, system_text="{{output_format}}", user_text="x")
    PromptTemplate.objects.filter(pk=template.pk).update(live_version=version)
    good, bad = prompts.check()
    assert (good.level, bad.message) == (
        "ok",
        "The live prompt free-text@2 breaks its contract: "
        "it lacks {{message}}; it lacks {{history}}; it lacks {{context}}; it lacks {{category}}.",
    )


def test_problems_in_words() -> None:
    problems = {
        Problem("too_long", "20001"): "it is too long",
        Problem("unbalanced", "}}", "user_text", 1, 3): "its double braces }} have no partner",
        Problem("invisible", "U+200B", "user_text", 1, 2): "it holds the invisible character U+200B",
        Problem("model", "x", "model"): "its model x is not among the configured ones (LEAFRESH_CHAT_MODELS)",
        Problem("bounds", "0–2", "temperature"): "its temperature is not within 0–2",
        Problem("new_code", "x"): "new_code x",
    }
    assert [prompts.describe(problem) for problem in problems] == list(problems.values())
