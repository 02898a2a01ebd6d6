import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatbot.search.spelling import Pairs, Spelling

WORDS = ["페트병", "텀블러", "지하철", "난방", "난방기", "물", "휴대폰"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("패트병", "페트병"), ("탬블러", "텀블러"), ("지하쳘", "지하철"), ("휴대퐁", "휴대폰"), ("텀블로", "텀블러")],
)
def test_a_wrong_letter_is_near(written: str, meant: str) -> None:
    assert [word for word, _ in Spelling(WORDS).near(written)] == [meant]


def test_likeness_is_the_share_of_right_letters() -> None:
    assert Spelling(["페트병"]).near("패트병") == [("페트병", 1 - 1 / 7)]


@pytest.mark.parametrize("written", ["불", "무", "주식", "자동차", ""])
def test_other_words_are_not(written: str) -> None:
    assert Spelling(WORDS).near(written) == []


def test_kin_share_syllables_the_nearest_first() -> None:
    assert Spelling(WORDS).kin("난방비") == [("난방", 2 / 3), ("난방기", 0.5)]
    assert Spelling(WORDS).kin("난방") == [("난방기", 2 / 3)]
    assert Spelling(WORDS).kin("물") == []


@example(["\n00"], "0000")
@given(words=st.lists(st.text(min_size=1, max_size=8)), word=st.text(max_size=8))
def test_any_words_can_be_compared(words: list[str], word: str) -> None:
    spelling = Spelling(words)
    assert {near for near, _ in spelling.near(word)} <= set(words)
    assert {kin for kin, _ in spelling.kin(word)} <= set(words) - {word}


def test_pairs_that_are_shared_are_counted_once() -> None:
    own, shared = Pairs(["난방기", "방방방", "물", ""]).shared("난방비난방")
    assert (own, shared.tolist()) == (3, [1, 0, 0, 0])
