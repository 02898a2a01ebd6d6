"""A change is shown word by word, and no part of either text is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.prompts.diff import Change, differences, excerpt

TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["{{category}}", "{{", "}}", "챌린지를", "챌린지", " ", "\n", ".", "\r\n", "\ud800", "👩\u200d🌾"]
        )
    ).map("".join),
)


def shown(old: str, new: str) -> list[tuple[str, str]]:
    return [(change.kind, change.text) for change in differences(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("같다", "같다", [("equal", "같다")]),
        ("", "새 글", [("insert", "새 글")]),
        ("옛 글", "", [("delete", "옛 글")]),
        (
            "챌린지를 추천해요.",
            "챌린지 추천해요.",
            [("delete", "챌린지를"), ("insert", "챌린지"), ("equal", " 추천해요.")],
        ),
        (
            "오늘 {{category}} 이야기를 해요.",
            "오늘 {{location}} 이야기를 해요!",
            [
                *[
                    ("equal", "오늘 "),
                    ("delete", "{{category}}"),
                    ("insert", "{{location}}"),
                    ("equal", " 이야기를 해요"),
                ],
                *[("delete", "."), ("insert", "!")],
            ],
        ),
        (
            "첫 줄\n둘째 줄\n",
            "첫 줄\n새 줄\n둘째 줄\n",
            [("equal", "첫 줄\n"), ("insert", "새 줄\n"), ("equal", "둘째 줄\n")],
        ),
    ],
)
def test_words_are_exchanged_whole(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert shown(old, new) == expected


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_both_texts_can_be_read_from_the_changes(old: str, new: str) -> None:
    changes = differences(old, new)
    assert "".join(change.text for change in changes if change.kind != "insert") == old
    assert "".join(change.text for change in changes if change.kind != "delete") == new
    assert {change.kind for change in changes} <= {"equal", "insert", "delete"}


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert differences(text, text) == ([Change("equal", text)] if text else [])


@pytest.mark.parametrize("count", [6_399, 6_400, 6_401, 20_000])
def test_more_different_words_than_fit_into_one_plane(count: int) -> None:
    """Words are compared as characters of the private use areas; the first of those has 6400."""
    old = " ".join(f"말{number}" for number in range(count))
    new = old.replace("말77 ", "다른말 ")
    assert [change for change in differences(old, new) if change.kind != "equal"] == [
        Change("delete", "말77"),
        Change("insert", "다른말"),
    ]


def test_an_excerpt_keeps_what_is_near_a_change() -> None:
    changes = [Change("equal", "가" * 100), Change("insert", "새"), Change("equal", "나" * 121), Change("delete", "옛")]
    assert list(excerpt([*changes, Change("equal", "다" * 61)])) == [
        Change("gap", ""),
        Change("equal", "가" * 60),
        Change("insert", "새"),
        Change("equal", "나" * 60),
        Change("gap", ""),
        Change("equal", "나" * 60),
        Change("delete", "옛"),
        Change("equal", "다" * 60),
        Change("gap", ""),
    ]


def test_of_a_text_without_a_change_only_a_gap_is_left() -> None:
    assert list(excerpt(differences("같다", "같다"))) == [Change("gap", "")]
    assert list(excerpt([])) == []


def test_an_excerpt_leaves_short_texts_whole() -> None:
    changes = [Change("equal", "가" * 60), Change("insert", "새"), Change("equal", "나" * 120), Change("delete", "옛")]
    assert list(excerpt(changes)) == changes


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_an_excerpt_loses_no_change(old: str, new: str) -> None:
    changes = differences(old, new)
    kept = [change for change in excerpt(changes) if change.kind in {"insert", "delete"}]
    assert kept == [change for change in changes if change.kind in {"insert", "delete"}]
