"""Answers that are not recommendations: they are only a sentence."""

import json

from chatbot.answers.composer import Shown
from chatbot.answers.rules import Answer
from tests.chatbot.answers.test_composer import GOOD, composer


def test_small_talk_is_its_sentence_and_need_not_name_the_category() -> None:
    target = composer(kind="smalltalk")
    shown = target.feed('{"recommend": "안녕하세요! 반가워요.", "challenges": []}')
    assert "".join(item.text for item in shown if isinstance(item, Shown)) == "안녕하세요! 반가워요."
    assert target.complete
    assert target.answer == Answer("안녕하세요! 반가워요.", (), "smalltalk")
    assert dict(target.mends) == {}


def test_unwanted_challenges_are_left_out() -> None:
    target = composer(kind="explanation")
    target.feed(json.dumps(GOOD, ensure_ascii=False))
    assert target.answer == Answer(GOOD["recommend"], (), "explanation")
    assert target.retraction is None


def test_a_sentence_that_broke_off_is_taken_back() -> None:
    target = composer(kind="smalltalk")
    target.feed('{"recommend": "안녕하세요, 오늘은')
    target.resume()
    assert not target.complete
    assert target.answer.recommend == ""


def test_titles_of_like_meaning_are_left_out() -> None:
    target = composer(given=["점심 채소 한 끼"])
    target.feed(json.dumps(GOOD, ensure_ascii=False))
    assert [challenge.title for challenge in target.answer.challenges] == ["두유 라떼", "버섯 국물 내기"]
    assert target.mends["repetition"] == 1


def test_the_catalogue_may_have_titles_of_like_meaning() -> None:
    target = composer(given=["점심 채소 한 끼"])
    target.allow_given()
    target.feed(json.dumps(GOOD, ensure_ascii=False))
    assert target.complete
