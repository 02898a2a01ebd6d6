"""A content as a value: the same content has the same hash, and whatever differs has another."""

from dataclasses import astuple, replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from chatbot.models import PromptVersion
from chatbot.prompts.content import PromptContent, clean_text, digest
from chatbot.prompts.contracts import BASE_INFO
from chatbot.prompts.rendering import Problem
from tests.prompts import CONTENT, USER_TEXT, content

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
