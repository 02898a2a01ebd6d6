import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.answers.similarity import Taken, no_words, rough_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("텀블러 쓰기", "텀블러 사용하기"),
        ("텀블러 챙기기", "텀블러로 마시기"),
        ("불 끄기", "안 쓰는 불 끄기"),
        ("채소 한 끼", "한 끼 채소 밥상"),
        ("물 아끼기", "물 절약"),
        ("계단 오르기", "계단으로 걷기"),
        ("메일 지우기", "이메일 정리하기"),
        ("Vegan 라떼", "vegan라떼"),
    ],
)
def test_one_thing_in_other_words_is_a_repetition(one: str, other: str) -> None:
    assert Taken([one]).has(other)
    assert Taken([other]).has(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("쓰레기 줍기", "쓰레기 줄이기"),
        ("채소 먹기", "두부 먹기"),
        ("텀블러 쓰기", "텀블러 할인 받기"),
        ("물 아끼기", "물병 들기"),
        ("하기", "쓰기"),
    ],
)
def test_another_thing_is_none(one: str, other: str) -> None:
    assert not Taken([one]).has(other)


def test_without_words_only_letters_count() -> None:
    taken = Taken(["텀블러 쓰기"], split=no_words)
    assert taken.has("텀블러쓰기")
    assert not taken.has("텀블러 사용하기")


@given(st.lists(st.text(max_size=12), max_size=6), st.text(max_size=12))
def test_any_title_repeats_itself(titles: list[str], title: str) -> None:
    taken = Taken(titles, split=rough_words)
    taken.add(title)
    assert taken.has(title)
