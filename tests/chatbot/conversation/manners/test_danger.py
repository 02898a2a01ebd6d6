"""Danger, and what is only said lightly."""

import pytest

from chatbot.conversation.language import Language
from chatbot.conversation.manners.danger import danger
from chatbot.conversation.manners.word_lists import WordLists

SELF_HARM = (
    "죽고 싶어|죽고싶다|그냥 죽고만 싶어요|죽구싶어ㅠ|자살하고 싶다|자살 생각이 들어|사라지고 싶어|"
    "살기 싫다|살기싫어요|더는 못 살겠어|더 이상 살고 싶지 않아|극단적 선택을 하고 싶어|손목 긋고 싶어|"
    "손목을 그었어|자해했어|죽어버리고 싶다|다 끝내고 싶어|뛰어내리고 싶다|목숨을 끊고 싶어|살 이유가 없어|"
    "태어나지 않았으면 좋았을 텐데|유서 썼어|i want to die|suicide"
)
EMERGENCY = (
    "불났어|집에 불이 났어요|불이 붙었어요|엄마가 쓰러졌어|할아버지가 쓰러지셨어요|119 불러줘|숨을 안 쉬어|"
    "아기가 숨을 못 쉬어요|교통사고 났어|교통사고가 났는데 어떡해|의식이 없어요|피가 멈추지 않아|물에 빠졌어|"
    "가스가 새는 것 같아|사람 살려|제발 살려줘요|아빠가 나를 때려|심장마비인 것 같아"
)
LIGHTLY = (
    "배고파 죽겠다|배고파서 죽을 것 같아|더워 죽겠네|더워죽겠다|추워서 죽겠어|귀여워 죽겠어|죽은 화분|"
    "화분이 죽었어|화분이 죽어가|죽 먹고 싶어|호박죽 끓이기|전복죽 먹고싶다|도시에 살기 싫어|"
    "시골에서 살고 싶어|나무가 쓰러졌어|지구를 제발 살려줘요|사고 싶은 게 많아|열불나|불 끄기|불을 꺼줘|"
    "촛불 켜기|플라스틱이 사라지면 좋겠어|비건에 푹 빠졌어|살 빠지고 싶어|죽을 만큼 좋아해|"
    "숙제 다 끝내고 싶어|심장이 두근두근"
)


@pytest.mark.parametrize("message", SELF_HARM.split("|"))
def test_self_harm(language: Language, words: WordLists, message: str) -> None:
    found = danger(message, words=words, language=language)
    assert found is not None
    assert not found.emergency


@pytest.mark.parametrize("message", EMERGENCY.split("|"))
def test_emergencies(language: Language, words: WordLists, message: str) -> None:
    found = danger(message, words=words, language=language)
    assert found is not None
    assert found.emergency


@pytest.mark.parametrize("message", LIGHTLY.split("|"))
def test_what_is_said_lightly_is_no_danger(language: Language, words: WordLists, message: str) -> None:
    assert danger(message, words=words, language=language) is None


def test_a_phrase_is_found_in_other_forms_of_its_verb(language: Language) -> None:
    lists = WordLists(self_harm=("너무 외롭다",), emergency=("문이 잠겼다",), fine=("게임에서 문이 잠",))
    assert danger("요즘 너무 외로워서요", words=lists, language=language) is not None
    found = danger("문 잠겼는데 어떡해요", words=lists, language=language)
    assert found is not None
    assert (found.word, found.emergency) == ("문이 잠겼다", True)
    assert danger("게임에서 문이 잠겼어", words=lists, language=language) is None
