import json

import pytest

from benchmarks.answers import SHORTEST, STAMP, answer_tokens, expected, stamp, without_stamps
from challenges.text import TITLE_LENGTH


@pytest.mark.parametrize("count", [SHORTEST, 61, 62, 63, 200, 800])
def test_an_answer_has_the_tokens_asked_for_and_keeps_the_contract(count: int) -> None:
    tokens = answer_tokens("비건", count)
    assert len(tokens) == count
    assert all(tokens)
    answer = json.loads("".join(tokens))
    assert "비건" in answer["recommend"]
    titles = [challenge["title"] for challenge in answer["challenges"]]
    assert len(set(titles)) == 3
    assert max(map(len, titles)) <= TITLE_LENGTH
    assert {challenge["category"] for challenge in answer["challenges"]} == {"VEGAN"}


def test_an_answer_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        answer_tokens("비건", SHORTEST - 1)


def test_what_is_expected_is_the_text_and_its_layout() -> None:
    text, layout = expected("비건", 60)
    answer = json.loads(text)
    assert layout.startswith(f"{answer['recommend']}\n\n1. {answer['challenges'][0]['title']}\n")


def test_stamps_are_filled_in_without_changing_what_is_expected() -> None:
    text, _ = expected("비건", 100)
    filled = text.replace(stamp(STAMP, 0), stamp(STAMP, 123456))
    assert filled != text
    assert without_stamps(filled) == text
