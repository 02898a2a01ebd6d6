"""The uncorrected titles of a model, by which a prompt is judged."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.evaluation.judge import written_titles
from tests.provider import ANSWER, CHALLENGES, TEXT, more, with_challenges

TITLES = ["채소 한 끼", "두유 라떼", "버섯 국물 내기"]


def titled(*titles: Any) -> str:
    return with_challenges(*({**CHALLENGES[0], "title": title} for title in titles))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        json.dumps(ANSWER),
        json.dumps(ANSWER, ensure_ascii=False, indent=2),
        f"물론이죠! {{추천}} 드릴게요.\n```json\n{TEXT}\n```\n즐거운 하루 되세요.",
        f"<think>{titled('아니', '이건', '아니지')}</think>{TEXT}",
        json.dumps({**ANSWER, "challenges": json.dumps(CHALLENGES, ensure_ascii=False)}, ensure_ascii=False),
        with_challenges(*CHALLENGES, *more(7)),
        TEXT + "\n\n" + titled("나중", "것은", "아님"),
    ],
    ids=["plain", "escapes", "indented", "fenced", "thinking", "as a string", "ten", "two answers"],
)
def test_the_titles_are_read_from_whatever_stands_around_them(text: str) -> None:
    assert written_titles(text) == TITLES


@pytest.mark.parametrize(
    "titles",
    [
        ["1. 채소 한 끼", "**두유 라떼**", "버섯 😀"],
        ["하루 한 번 장바구니를 꼭 챙겨서 나가기"] * 3,
        [" 앞뒤 ", "a\nb", "\u1112\u1161\u11ab"],
    ],
)
def test_nothing_of_them_is_mended(titles: list[str]) -> None:
    assert written_titles(titled(*titles)) == titles


def test_a_title_that_breaks_off_is_read_so_far() -> None:
    assert written_titles(TEXT[: TEXT.index(" 라떼")]) == ["채소 한 끼", "두유"]


def test_what_is_no_title_is_not_read() -> None:
    nested = {"title": "맨 위", "challenges": [{"title": "하나", "more": {"title": "속"}}, "둘", {"name": "셋"}]}
    assert written_titles(json.dumps(nested, ensure_ascii=False)) == ["하나"]


@pytest.mark.parametrize(
    "text", ["", "죄송하지만 도와드릴 수 없습니다.", "{}", '{"challenges": []}', "\0\ud800", "{" * 10_000]
)
def test_without_an_answer_there_are_no_titles(text: str) -> None:
    assert written_titles(text) == []


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1), max_size=5))
def test_any_titles_are_read_back(titles: list[str]) -> None:
    assert written_titles(titled(*titles)) == titles[:3]
