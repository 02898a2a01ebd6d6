"""Abuse, and messages that only look like it (``abuse.tsv``)."""

import csv
from pathlib import Path

import pytest

from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.nlu.safety.abuse import abuse
from chatbot.nlu.safety.word_lists import WordLists

TABLE = Path(__file__).with_name("abuse.tsv")


def test_insults_are_distinguished_from_innocent_messages(analyser: MorphemeAnalyser, words: WordLists) -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [(row["message"], row["abuse"] == "yes") for row in csv.DictReader(file, delimiter="\t")]
    found = {message for message, _ in rows if abuse(message, words=words, analyser=analyser) is not None}
    right = {message for message, is_abuse in rows if is_abuse}
    precision, recall = len(found & right) / len(found), len(found & right) / len(right)
    print(f"precision {precision:.3f}, recall {recall:.3f}; wrong: {found - right}, missed: {right - found}")
    assert len(rows) >= 100
    assert precision >= 0.97
    assert recall >= 0.97


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("아 씨1발", "씨발"),
        ("시 발", "시발"),
        ("개.새.끼", "개새끼"),
        ("tlqkf", "시발"),
        ("f u c k", "fuck"),
        ("sh1t", "shit"),
        ("go  to hell", "go to hell"),
    ],
)
def test_dodged_insults_are_found_as_the_word_that_is_listed(
    analyser: MorphemeAnalyser, words: WordLists, message: str, word: str
) -> None:
    found = abuse(message, words=words, analyser=analyser)
    assert found is not None
    assert found.casefold() in {word, message}


def test_admins_lists_alone_decide(analyser: MorphemeAnalyser) -> None:
    lists = WordLists(abuse=("뽀로롱", "바보 멍청"), fine=("뽀로롱 마을",))
    assert abuse("뽀.로.롱 같으니", words=lists, analyser=analyser) == "뽀로롱"
    assert abuse("이 바보멍청아", words=lists, analyser=analyser) == "바보 멍청"
    assert abuse("뽀로롱마을 가자", words=lists, analyser=analyser) is None
    assert abuse("시발", words=WordLists(), analyser=analyser) is None


@pytest.mark.parametrize(
    "message",
    [
        *("개섀키 ㅋㅋ", "븅딱아 ㅋㅋㅋ", "빙ㅅ인가 진짜ㅋ", "슈발럼아", "야이 쉬발아", "믜친놈", "개ㅅㄲ", "꺼ㅈㅕ"),
        *("ㅆㅣ발", "니 ㅇㅐㅁㅣ가", "벼엉신", "씨이이바아알", "ㅁㅊㄴ아", "Rjwu 좀", "ㅆㅂㅋㅋ"),
    ],
)
def test_disguises_are_found(analyser: MorphemeAnalyser, words: WordLists, message: str) -> None:
    assert abuse(message, words=words, analyser=analyser) is not None


@pytest.mark.parametrize(
    "message",
    ["ㅅㅂㅅㅂ 수박수박", "ㄱㅅㄱㅅ", "어머니 병수발", "십자가", "개석 작업", "우유 주세요", "불이 안 켜져요"],
)
def test_what_only_looks_like_a_disguise_is_none(analyser: MorphemeAnalyser, words: WordLists, message: str) -> None:
    assert abuse(message, words=words, analyser=analyser) is None
