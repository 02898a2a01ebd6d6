import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.answers.repair import repair
from tests.chatbot.answers import strategies
from tests.chatbot.answers.test_composer import GOOD, LATTE, LUNCH


def repaired(text: str) -> Any:
    return json.loads(repair(text))


def test_python_instead_of_json() -> None:
    assert repaired(f"<think>{{'recommend': 1}}</think> 네! {GOOD!r}") == GOOD


def test_bare_keys_and_missing_brackets() -> None:
    text = '{recommend: "비건이에요.", challenges: [{title: "가", description: "나."}'
    assert repaired(text) == {"recommend": "비건이에요.", "challenges": [{"title": "가", "description": "나."}]}


def test_a_challenge_with_an_unfinished_sentence_is_left_out() -> None:
    whole = str({"recommend": "비건이에요.", "challenges": [LUNCH, LATTE]})
    assert repaired(whole[: whole.index("골라")])["challenges"] == [LUNCH]


def test_keys_in_korean() -> None:
    listed = [
        {"제목": each["title"], "설명": each["description"], "카테고리": each["category"]} for each in (LUNCH, LATTE)
    ]
    text = json.dumps({"추천": "비건이에요.", "챌린지": listed}, ensure_ascii=False)
    assert repaired(text) == {"recommend": "비건이에요.", "challenges": [LUNCH, LATTE]}


def test_wrappers_of_any_name() -> None:
    assert repaired(json.dumps({"비건_추천": {"data1": GOOD}})) == GOOD


@pytest.mark.parametrize("text", ["", "죄송합니다.", "[1, 2]", "{}", '{"title": "가"}', "<think>{'recommend': 'a'}"])
def test_where_there_is_no_answer_nothing_is_made_up(text: str) -> None:
    assert repair(text) == ""


@pytest.mark.parametrize(
    "text", ["{'a':" + "[" * 3000, '{"' * 8000, "{" * 3999, "{'recommend': '" + "가" * 5000 + "'}"]
)
def test_brackets_without_end_are_given_up(text: str) -> None:
    assert repair(text) == ""


@given(strategies.text | strategies.answers.map(str) | st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    repair(text)
