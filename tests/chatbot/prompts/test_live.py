"""The next generation is written with what is live, at the price of no query as long as nothing changed."""

import pytest
from pytest_django import DjangoAssertNumQueries

from challenges import revisions
from chatbot.models import PromptTemplate
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import save_draft
from chatbot.prompts.live import Prompt, live_prompts
from tests.prompts import CONTENT, base_info, content, free_text, make_live, make_version

pytestmark = pytest.mark.django_db


def first_of(template: PromptTemplate) -> Prompt:
    return Prompt.of(template.versions.get(number=1))


def test_a_version_as_what_is_to_be_written_with() -> None:
    version = make_version(model="", temperature=0.5, max_tokens=200)
    prompt = Prompt.of(version)
    assert prompt == Prompt("base-info", version.pk, "base-info@2", content(temperature=0.5, max_tokens=200))
    values = {"location": "산", "workType": "재택", "category": "비건", "output_format": "{}"}
    assert prompt.render(values) == (CONTENT.system_text, "산 재택 비건 {}")


def test_what_goes_live_is_used_next() -> None:
    assert live_prompts.get()["base-info"].name == "base-info@1"
    second = make_version()
    assert live_prompts.get()["base-info"].name == "base-info@1"
    make_live(second)
    assert live_prompts.get() == {"base-info": Prompt.of(second), "free-text": first_of(free_text())}


def test_a_draft_is_not_live() -> None:
    template = base_info()
    save_draft(template=template, revision=0, content=CONTENT, by=None)
    assert live_prompts.get() == {"base-info": first_of(template), "free-text": first_of(free_text())}


def test_a_template_without_a_live_version_is_not_there() -> None:
    PromptTemplate.objects.create(key="empty")
    assert set(live_prompts.get()) == {"base-info", "free-text"}
    PromptTemplate.objects.update(live_version=None)
    assert live_prompts.get() == {}


def test_what_is_remembered_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    live_prompts.get()
    tokens = revisions.read()
    with django_assert_num_queries(0):
        live_prompts.get(tokens)
    make_live(make_version())
    tokens = revisions.read()
    with django_assert_num_queries(1):
        assert PromptContent("", "") != live_prompts.get(tokens)["base-info"].content
