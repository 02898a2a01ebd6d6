"""Danger and its help lines, and messages that only sound like danger."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.nlu.rough import RoughAnalyser
from chatbot.nlu.safety.concerns import Concern, concern
from chatbot.nlu.safety.danger_classifier import KINDS
from chatbot.nlu.safety.training import table
from chatbot.nlu.safety.word_lists import WordLists

HELD_OUT = Path(__file__).with_name("held_out.tsv")
"""Hard messages by another writer, which training does not read."""

SELF_HARM = (
    "죽고 싶어|죽고싶다|그냥 죽고만 싶어요|죽구싶어ㅠ|자살하고 싶다|자살 생각이 들어|사라지고 싶어|"
    "살기 싫다|살기싫어요|더는 못 살겠어|더 이상 살고 싶지 않아|극단적 선택을 하고 싶어|손목 긋고 싶어|"
    "자해했어|죽어버리고 싶다|다 끝내고 싶어|뛰어내리고 싶다|목숨을 끊고 싶어|살 이유가 없어|"
    "태어나지 않았으면 좋았을 텐데|유서 썼어|i want to die|suicide"
)
EMERGENCY = (
    "불났어|집에 불이 났어요|불이 붙었어요|엄마가 쓰러졌어|할아버지가 쓰러지셨어요|119 불러줘|숨을 안 쉬어|"
    "아기가 숨을 못 쉬어요|교통사고 났어|교통사고가 났는데 어떡해|의식이 없어요|피가 멈추지 않아|물에 빠졌어|"
    "가스가 새는 것 같아|사람 살려|제발 살려줘요|심장마비인 것 같아"
)
LIGHTLY = (
    "배고파 죽겠다|배고파서 죽을 것 같아|더워 죽겠네|더워죽겠다|추워서 죽겠어|귀여워 죽겠어|죽은 화분|"
    "화분이 죽었어|화분이 죽어가|죽 먹고 싶어|호박죽 끓이기|전복죽 먹고싶다|도시에 살기 싫어|"
    "시골에서 살고 싶어|나무가 쓰러졌어|지구를 제발 살려줘요|사고 싶은 게 많아|열불나|불 끄기|불을 꺼줘|"
    "촛불 켜기|플라스틱이 사라지면 좋겠어|비건에 푹 빠졌어|살 빠지고 싶어|죽을 만큼 좋아해|"
    "숙제 다 끝내고 싶어|심장이 두근두근"
)


OWN_HURT = "손목을 그었어|손목 그었어|약을 한꺼번에 먹어버렸어|수면제 한 통 다 먹었어|I overdosed on sleeping pills"
VIOLENCE = "남편이 때려요|아빠가 나를 때려|성폭행을 당했어요|누가 계속 따라와요|my husband beats me"
NOT_SEEN_BEFORE = (
    "차라리 내가 없는 게 지구에 도움되겠지|수면제 몇 알 먹으면 죽어요?|이 나이에 더 살아 뭣하나 싶소|"
    "너무 우울해서 아무것도 먹기 싫어요"
)
ORDINARY = (
    "새 옷은 살 가치가 없다고 생각해|자동차를 그만 사려고 해|꿀벌이 세상에서 사라지고 있대|길바닥에 담배꽁초가 깔렸어|"
    "태풍에 분리수거함이 쓰러졌어|음식물 쓰레기에서 가스 냄새가 나|누구나 집에서 쉽게 할 수 있는 챌린지|"
    "물에 떠내려가는 쓰레기 줍기|번개탄 안 쓰고 고기 대신|"
    "산불 난 데 나무 심고 싶다|how to end it all: single-use plastics|"
    "10년 된 냉장고|2024년 플로깅 행사|"
    "3년째 쓰는 텀블러|18색 크레파스 재활용|우리 같이 줍깅 한번 하자|가로등이 새벽에 꺼져|"
    "태풍이 닥치고 나서|벌레 같은 것 안 꼬이게|더러운 깡통은 어떻게 버려?|ㄱㅅ ㅃㅇ|ㅇㅈ? ㄹㅇ 킹받네|"
    "쓰레기 같은 날씨지만 쓰레기는 주워볼게"
)


@pytest.fixture(scope="module")
def danger_of(analyser: MorphemeAnalyser, words: WordLists) -> Callable[[str], str]:
    """The kind of help that a message needs, "abuse", or "" for an ordinary one."""

    def ask(message: str) -> str:
        found = concern(message, words=words, analyser=analyser)
        return "" if found is None else "own_hurt" if found.own_hurt else found.kind

    return ask


def test_self_harm(danger_of: Callable[[str], str]) -> None:
    listed = [*SELF_HARM.split("|"), *NOT_SEEN_BEFORE.split("|")]
    assert {message: danger_of(message) for message in listed} == dict.fromkeys(listed, "self_harm")


@pytest.mark.parametrize(
    ("messages", "kind"),
    [(EMERGENCY, "emergency"), (OWN_HURT, "own_hurt"), (VIOLENCE, "violence"), (LIGHTLY, ""), (ORDINARY, "")],
)
def test_each_gets_the_right_help(danger_of: Callable[[str], str], messages: str, kind: str) -> None:
    listed = messages.split("|")
    assert {message: danger_of(message) for message in listed} == dict.fromkeys(listed, kind)


def test_without_the_analyser_danger_is_still_seen(words: WordLists) -> None:
    rough = RoughAnalyser(frozenset())
    for message in ("죽고 싶어", "남편이 때려요", "집에 불이 났어요", "자살하고 싶다"):
        assert concern(message, words=words, analyser=rough) is not None
    for message in ("텀블러 챙기는 거 추천해줘", "새 옷은 살 가치가 없다고 생각해"):
        assert concern(message, words=words, analyser=rough) is None


def test_a_phrase_is_found_in_other_forms_of_its_verb(analyser: MorphemeAnalyser) -> None:
    lists = WordLists(violence=("문이 잠겼다",), fine=("게임에서 문이 잠",))
    assert concern("문 잠겼는데 어떡해요", words=lists, analyser=analyser) == Concern("violence", "문이 잠겼다")
    assert concern("게임에서 문이 잠겼어", words=lists, analyser=analyser) is None


def test_a_name_of_the_catalogue_is_no_abuse(analyser: MorphemeAnalyser) -> None:
    lists = WordLists(abuse=("뽀로롱",))
    assert concern("뽀로롱 추천해줘", words=lists, analyser=analyser) is not None
    assert concern("뽀로롱 추천해줘", words=lists, analyser=analyser, names=lambda: ["뽀로롱"]) is None


def test_the_weights_are_those_of_the_table() -> None:
    """``python -m chatbot.nlu.safety.training`` was run after the table was changed: it knows its rows."""
    rows = table()
    kinds = {kind for _, kind in rows}
    assert kinds == set(KINDS)
    assert len(rows) == len({message for message, _ in rows})


def test_held_out_messages(danger_of: Callable[[str], str]) -> None:
    with HELD_OUT.open(encoding="utf-8", newline="") as file:
        rows = [(row["message"], row["kind"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    assert not {message for message, _ in rows} & {message for message, _ in table()}
    total, right = Counter[str](), Counter[str]()
    for message, kind in rows:
        found = danger_of(message) or "none"
        group = kind if kind in {"none", "abuse"} else "danger"
        total[group] += 1
        right[group] += found == kind if group != "danger" else found not in {"none", "abuse"}
    shares = {group: right[group] / total[group] for group in total}
    print(shares)
    assert total == {"none": 82, "abuse": 31, "danger": 18}
    assert shares["danger"] >= 0.9
    assert shares["none"] >= 0.95
    assert shares["abuse"] >= 0.8


def test_letters_for_words_of_danger_are_understood(danger_of: Callable[[str], str]) -> None:
    listed = ["ㅈㅅ하고 싶다 농담 아님", "ㅈㅎ했어 또"]
    assert {message: danger_of(message) for message in listed} == dict.fromkeys(listed, "self_harm")
    assert danger_of("ㅈㅅ 잘못 눌렀어") == ""


def test_curses_count_unless_the_message_is_about_the_word(danger_of: Callable[[str], str]) -> None:
    cursing = [
        "ㅆㅂ 니가 뭔데 나보고 고기를 줄이래",
        "미친놈아 겨울에 찬물로 샤워하라고?",
        "병 신 아 텀블러 얘기 좀 그만해",
    ]
    assert {message: danger_of(message) for message in cursing} == dict.fromkeys(cursing, "abuse")
    spoken_of = [
        "욕의 어원 찾아보다가 씨발이 무슨 뜻인지 알게 됐어",
        "누가 나보고 병신이라고 했어 너무 슬퍼",
        "다 마신 병 신문지에 싸서 버려도 돼?",
    ]
    assert {message: danger_of(message) for message in spoken_of} == dict.fromkeys(spoken_of, "")


def test_past_events_and_things_are_not_emergencies(danger_of: Callable[[str], str]) -> None:
    listed = [
        "작년에 자전거 타다 차에 치였는데 지금은 다 나아서 다시 타요",
        "예전에 집에 불난 뒤로 멀티탭을 꼭 끄고 다닙니다",
        "이 텀블러 디자인 진짜 죽인다",
        "컴퓨터가 갑자기 꺼지고 안 살아나 살려줘",
        "로봇청소기가 계단에서 투신했습니다 ㅋㅋ 바퀴만 빠짐",
    ]
    assert {message: danger_of(message) for message in listed} == dict.fromkeys(listed, "")


@pytest.mark.parametrize("message", ["kk", "b1", "a b", "sb", "AB", "Moby Dick", "shitake", "개발자", "엿 먹고 싶다"])
def test_few_letters_are_neither_danger_nor_abuse(danger_of: Callable[[str], str], message: str) -> None:
    assert danger_of(message) == ""


@pytest.mark.parametrize(
    "message",
    [
        "에어팟 세탁기에서 익사함 어디다 버려",
        "ㅅㅂ 버스 놓쳐서 걸어감 근데 탄소절약 개이득",
        "드라마에서 남편이 때리는 장면 너무했음",
    ],
)
def test_a_clearly_ordinary_message_is_ordinary(danger_of: Callable[[str], str], message: str) -> None:
    assert danger_of(message) == ""
