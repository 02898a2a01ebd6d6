"""A content is a value: equal contents have the same hash, and different ones do not. The next generation uses the live
version, without a query if nothing has changed."""

from dataclasses import astuple, replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries, Settings

from challenges import revisions
from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.content import Prompt, PromptContent, clean_text, digest, live_prompts
from chatbot.prompts.contracts import BASE_INFO
from chatbot.prompts.drafts import save_draft
from chatbot.prompts.problems import Problem
from tests.prompts import CONTENT, USER_TEXT, base_info, content, free_text, make_live, make_version

CHANGED: list[dict[str, Any]] = [
    {"system_text": "다르게"},
    {"user_text": USER_TEXT + " "},
    {"model": "openai:a"},
    {"temperature": 0.0},
    {"temperature": 1.0},
    {"max_tokens": 64},
]


def test_the_hash_is_the_same_wherever_it_is_made() -> None:
    """A check and a version of another release of the software must still find each other."""
    canonical = rb'{"max_tokens":512,"model":"openai:a","system_text":"\uac00","temperature":0.5,"user_text":"\ub098"}'
    assert PromptContent("가", "나", "openai:a", 0.5, 512).hash == sha256(canonical).hexdigest()


def test_a_temperature_is_the_same_whole_or_not() -> None:
    """A script sends 1, the database gives 1.0."""
    assert content(temperature=1).hash == content(temperature=1.0).hash != content(temperature=None).hash


def test_every_part_counts_for_the_hash() -> None:
    hashes = {content(**change).hash for change in [{}, *CHANGED]}
    assert len(hashes) == len(CHANGED) + 1
    assert content(system_text="ab", user_text="c").hash != content(system_text="a", user_text="bc").hash


@given(st.text(st.characters()), st.text(st.characters()))
def test_any_text_has_a_hash(system_text: str, user_text: str) -> None:
    assert PromptContent(system_text, user_text).hash == PromptContent(system_text, user_text).hash


def test_a_mapping_has_one_digest_whatever_its_order() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})


def test_a_row_and_its_content_are_the_same() -> None:
    version = PromptVersion(system_text="s", user_text="u", model="m", temperature=0.3, max_tokens=100)
    assert astuple(PromptContent.of(version)) == ("s", "u", "m", 0.3, 100)


def test_both_texts_are_rendered() -> None:
    values = {"category": "비건", "location": "산"}
    assert PromptContent("{{category}}!", "{{location}}?").render(values) == ("비건!", "산?")


def test_a_content_that_keeps_the_contract_has_no_problems(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODELS = ["openai:a"]
    assert list(CONTENT.problems(BASE_INFO)) == []
    for temperature, max_tokens in [(0, 64), (2, 32_768)]:
        bounded = content(model="openai:a", temperature=temperature, max_tokens=max_tokens)
        assert list(bounded.problems(BASE_INFO)) == []


def test_a_model_that_is_not_configured_and_settings_out_of_bounds_are_problems(settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODELS = ["openai:a"]
    wrong = content(model="openai:b", temperature=2.1, max_tokens=63)
    assert list(wrong.problems(BASE_INFO)) == [
        Problem("model", "openai:b", "model"),
        Problem("bounds", "0–2", "temperature"),
        Problem("bounds", "64–32768", "max_tokens"),
    ]
    for change in ({"temperature": -0.1}, {"temperature": float("nan")}, {"max_tokens": 32_769}):
        assert [problem.code for problem in content(**change).problems(BASE_INFO)] == ["bounds"]


def test_problems_of_the_texts_and_of_the_settings_come_together() -> None:
    wrong = replace(CONTENT, system_text="{{weather}}", max_tokens=1)
    assert [problem.code for problem in wrong.problems(BASE_INFO)] == ["unknown", "bounds"]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("한 줄\r\n두 줄\r세 줄\n", "한 줄\n두 줄\n세 줄\n"),
        ("a\0b", "a\ufffdb"),
        ("a\ud83cb", "a\ufffdb"),
        ("\udf31\ud83c", "\ufffd\ufffd"),
        ("\ud83c\udf31", "🌱"),
        ("👩\u200d🌾 \u202e {{category}} \\1 {% now %}", "👩\u200d🌾 \u202e {{category}} \\1 {% now %}"),
    ],
)
def test_a_text_is_kept_as_it_was_written_but_for_what_no_database_takes(written: str, kept: str) -> None:
    assert clean_text(written) == kept


@given(st.text(st.characters()))
def test_a_cleaned_text_can_be_kept_and_stays_as_it_is(text: str) -> None:
    kept = clean_text(text)
    assert kept.encode().decode() == kept
    assert not {"\0", "\r"} & set(kept)
    assert clean_text(kept) == kept


def first_of(template: PromptTemplate) -> Prompt:
    return Prompt.of(template.versions.get(number=1))


@pytest.mark.django_db
def test_a_version_as_what_is_to_be_written_with() -> None:
    version = make_version(model="", temperature=0.5, max_tokens=200)
    prompt = Prompt.of(version)
    assert prompt == Prompt("base-info", version.pk, "base-info@2", content(temperature=0.5, max_tokens=200))
    values = {"location": "산", "workType": "재택", "category": "비건", "output_format": "{}"}
    assert prompt.render(values) == (CONTENT.system_text, "산 재택 비건 {}")


@pytest.mark.django_db
def test_what_goes_live_is_used_next() -> None:
    assert live_prompts.get()["base-info"].name == "base-info@1"
    second = make_version()
    assert live_prompts.get()["base-info"].name == "base-info@1"
    make_live(second)
    assert live_prompts.get() == {"base-info": Prompt.of(second), "free-text": first_of(free_text())}


@pytest.mark.django_db
def test_a_draft_is_not_live() -> None:
    template = base_info()
    save_draft(template=template, revision=0, content=CONTENT, by=None)
    assert live_prompts.get() == {"base-info": first_of(template), "free-text": first_of(free_text())}


@pytest.mark.django_db
def test_a_template_without_a_live_version_is_not_there() -> None:
    PromptTemplate.objects.create(key="empty")
    assert set(live_prompts.get()) == {"base-info", "free-text"}
    PromptTemplate.objects.update(live_version=None)
    assert live_prompts.get() == {}


@pytest.mark.django_db
def test_what_is_remembered_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    live_prompts.get()
    tokens = revisions.read()
    with django_assert_num_queries(0):
        live_prompts.get(tokens)
    make_live(make_version())
    tokens = revisions.read()
    with django_assert_num_queries(1):
        assert PromptContent("", "") != live_prompts.get(tokens)["base-info"].content
