"""A sample passes by what the model itself wrote, and a failure has reasons."""

from typing import Any

import pytest

from chatbot.evaluation.judge import Expectation, Reason, SampleResult, judge
from chatbot.models import Enforcement, Outcome

CHALLENGES = [
    {"title": "채소 한 끼", "description": "점심은 채소로만 차려 보세요.", "category": "VEGAN", "label": "비건"},
    {"title": "두유 라떼", "description": "우유 대신 두유를 골라 보세요.", "category": "VEGAN", "label": "비건"},
    {"title": "버섯 국물", "description": "멸치 대신 버섯을 넣어 보세요.", "category": "VEGAN", "label": "비건"},
]
ANSWER = {"kind": "recommendation", "recommend": "비건, 오늘 시작해요.", "challenges": CHALLENGES}
TITLES = ["채소 한 끼", "두유 라떼", "버섯 국물"]


def reasons(expected: dict[str, Any] | None = None, **result: Any) -> list[Reason]:
    """The reasons why a good answer with these changes fails."""
    good: dict[str, Any] = {
        "outcome": Outcome.COMPLETED,
        "answer": ANSWER,
        "titles": TITLES,
        "asked": "openai:a",
        "source": "openai:a",
        "enforcement": Enforcement.AS_IT_CAME,
    }
    return list(judge(Expectation(label="비건", **(expected or {})), SampleResult(**{**good, **result})))


def test_a_good_answer_is_as_expected() -> None:
    assert reasons() == []


def test_everything_that_is_asked_for_at_once() -> None:
    expected = {
        "contains": ["비건", "채소", "두유를"],
        "excludes": ["고기", "VEGAN"],
        "title_min": 5,
        "title_max": 6,
        "length_min": len("비건, 오늘 시작해요."),
        "length_max": len("비건, 오늘 시작해요."),
    }
    assert reasons(expected) == []


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome != Outcome.COMPLETED])
def test_without_an_answer_there_is_only_one_reason(outcome: Outcome) -> None:
    expected = {"contains": ["없는 말"]}
    assert reasons(expected, outcome=outcome, answer=None, error="a: HTTP 500") == [
        {"code": "no_answer", "outcome": outcome, "error": "a: HTTP 500"}
    ]


def test_an_answer_of_another_source_does_not_test_the_prompt() -> None:
    """The catalogue wrote a good answer without the prompt, so the sample must not pass."""
    assert reasons({"contains": ["없는 말"]}, source="catalog", error="openai:a: HTTP 500") == [
        {"code": "other_source", "asked": "openai:a", "source": "catalog", "error": "openai:a: HTTP 500"}
    ]


@pytest.mark.parametrize(
    ("enforcement", "passes"),
    [
        (Enforcement.AS_IT_CAME, True),
        (Enforcement.MENDED, True),
        (Enforcement.REPAIRED, False),
        (Enforcement.ASKED_AGAIN, False),
        (Enforcement.FILLED, False),
    ],
)
def test_only_what_the_model_can_do_by_itself_passes(enforcement: Enforcement, passes: bool) -> None:
    expected = [] if passes else [{"code": enforcement.value, "error": "e"}]
    assert reasons(enforcement=enforcement, error="e") == expected
    assert reasons(enforcement=enforcement.value, error="e") == expected


def test_a_category_that_was_added_for_it_was_missing() -> None:
    mends = {"category_added": 1, "emoji": 2}
    assert reasons(mends=mends, enforcement=Enforcement.MENDED) == [{"code": "category_missing", "label": "비건"}]
    assert reasons({"names_category": False}, mends=mends, enforcement=Enforcement.MENDED) == []


def test_titles_count_as_they_were_written() -> None:
    """The shown title was shortened, but the check judges the title that the model wrote."""
    written = ["하루 한 번 장바구니 쓰기", "두유 라떼", "국"]
    assert reasons({"title_min": 2}, titles=written, enforcement=Enforcement.MENDED) == [
        {"code": "title_bounds", "title": "하루 한 번 장바구니 쓰기", "length": 14, "least": 2, "most": 10},
        {"code": "title_bounds", "title": "국", "length": 1, "least": 2, "most": 10},
    ]


def test_a_title_of_ten_characters_is_not_too_long_however_it_is_encoded() -> None:
    nfd = "\u1112\u1161\u11ab" * 10  # 한, in three characters each
    assert (len(nfd), reasons(titles=[nfd])) == (30, [])
    assert reasons(titles=[nfd + "가"])[0]["length"] == 11


def test_a_very_long_title_is_shortened() -> None:
    (reason,) = reasons(titles=["가" * 5000])
    assert (reason["title"], reason["length"]) == ("가" * 100, 5000)


def test_words_are_looked_for_in_all_of_the_text() -> None:
    expected = {"contains": ["오늘 시작", "버섯 국물", "멸치 대신", "없는 말"], "excludes": ["우유", "고기", "라떼"]}
    assert reasons(expected) == [
        {"code": "lacks", "words": "없는 말"},
        {"code": "contains", "words": "우유"},
        {"code": "contains", "words": "라떼"},
    ]


def test_words_are_the_same_however_they_are_encoded() -> None:
    assert reasons({"contains": ["\u110e\u1162소"]}) == []  # 채, in two characters
    assert reasons({"excludes": ["\u110e\u1162소"]}) == [{"code": "contains", "words": "\u110e\u1162소"}]


def test_words_do_not_match_across_two_parts_of_the_answer() -> None:
    assert reasons({"excludes": ["시작해요.채소", "한 끼점심"]}) == []


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"length_min": 13}, [{"code": "too_short", "length": 12, "bound": 13}]),
        ({"length_max": 11}, [{"code": "too_long", "length": 12, "bound": 11}]),
        ({"length_max": 0}, [{"code": "too_long", "length": 12, "bound": 0}]),
        ({"length_min": 12, "length_max": 12}, []),
    ],
)
def test_the_sentence_has_its_bounds(bounds: dict[str, int], expected: list[Reason]) -> None:
    assert reasons(bounds) == expected


TALK = {"kind": "smalltalk", "recommend": "천만에요. 언제든 말 걸어 주세요.", "challenges": []}


def test_an_answer_without_challenges_names_no_category_and_has_no_titles() -> None:
    assert reasons({"title_min": 5, "title_max": 6}, answer=TALK, titles=["너무 긴 제목이지만 아무도 못 봐요"]) == []
    assert reasons(answer=TALK, mends={"category_added": 1}, enforcement=Enforcement.MENDED) == []


def test_all_else_is_expected_of_an_answer_without_challenges() -> None:
    expected = {"contains": ["천만에요", "비건"], "excludes": ["언제든"], "length_min": 5, "length_max": 10}
    assert reasons(expected, answer=TALK, titles=[], enforcement=Enforcement.ASKED_AGAIN) == [
        {"code": "asked_again", "error": ""},
        {"code": "lacks", "words": "비건"},
        {"code": "contains", "words": "언제든"},
        {"code": "too_long", "length": len(TALK["recommend"]), "bound": 10},
    ]
    assert reasons(answer=TALK, source="catalog")[0]["code"] == "other_source"
    assert reasons(answer=None, outcome=Outcome.FAILED)[0]["code"] == "no_answer"


@pytest.mark.parametrize("source", ["openai:a", "catalog"])
def test_a_message_without_a_model_does_not_test_the_prompt(source: str) -> None:
    """Not even with the catalogue alone: such a sample checks nothing."""
    found = reasons({"contains": ["없는 말"]}, answer=TALK, source=source, asked=source, without_model=True)
    assert found == [{"code": "without_model"}]


def test_all_reasons_are_reported() -> None:
    found = reasons(
        {"contains": ["없는 말"], "length_max": 5},
        titles=["가" * 11],
        enforcement=Enforcement.FILLED,
        mends={"category_added": 1},
    )
    assert [reason["code"] for reason in found] == ["filled", "category_missing", "title_bounds", "lacks", "too_long"]
