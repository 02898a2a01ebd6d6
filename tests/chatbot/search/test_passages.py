"""Which sentences of a document answer a question."""

import pytest

from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search.passages import best_passage
from chatbot.search.search import Found

CARTONS = (
    "우유팩과 두유팩은 종이와 재활용하는 방법이 달라요. 헹군 뒤 말리고 종이와 따로 모아요. 수거함은 주민센터에 있어요."
)
STANDBY = "대기전력은 기기를 쓰지 않아도 새는 전기예요. 리모컨 신호를 기다리는 데 쓰여요."
PLACES = "셋톱박스와 공유기가 자주 꼽혀요. 불빛이 켜져 있다면 대기전력을 쓰고 있다는 뜻이에요."


def found(*texts: str) -> list[Found]:
    return [Found("document", at, "안내", text, "", "", 1.0) for at, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("두유 팩은 종이랑 섞어도 되나요?", CARTONS),
        ("대기전력이 뭐야", STANDBY),  # where it leaks is ranked first, what it is answers
        ("셋톱박스도 꺼야 돼?", PLACES),
        ("혈압약은 언제 먹어요?", ""),
        ("뭐야?", ""),
    ],
)
def test_the_passage_that_answers_is_said(question: str, said: str, analyser: MorphemeAnalyser) -> None:
    passage = best_passage(question, found(PLACES, CARTONS, STANDBY), analyser)
    assert (passage.said if passage is not None else "") == said


def test_a_long_passage_is_cut_after_the_sentence_that_answers(analyser: MorphemeAnalyser) -> None:
    long = f"첫째 이야기예요. 텀블러는 바로 헹궈요. {'그다음 이야기가 길게 이어져요. ' * 20}"
    passage = best_passage("텀블러는 어떻게 씻나요?", found(long), analyser)
    assert passage is not None
    assert passage.said == "텀블러는 바로 헹궈요. 그다음 이야기가 길게 이어져요. 그다음 이야기가 길게 이어져요."
