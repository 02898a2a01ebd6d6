import pytest

from chatbot.conversation.retrieval.spelling import Spelling

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
