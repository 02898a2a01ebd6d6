import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.answers.rules import Answer, Challenge, Line, clean_title, layout, names_category


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("텀블러 챙기기", "텀블러 챙기기"),
        ("  텀블러\n챙기기 ", "텀블러 챙기기"),
        ("1. 텀블러", "텀블러"),
        ("챌린지 2) 텀블러", "텀블러"),
        ("- **텀블러**", "텀블러"),
        ("“텀블러”.", "텀블러"),
        ("3분 샤워", "3분 샤워"),
        ("일이삼사오육칠팔구십일", "일이삼사오육칠팔구십"),
        ("일이삼사오육칠팔구십 일", "일이삼사오육칠팔구십"),
        ("하나 둘셋넷다섯여섯일곱여덟", "하나 둘셋넷다섯여섯"),
        ("사무실에서 텀블러 쓰기", "사무실에서 텀블러"),
        ("텀블러\u202e", "텀블러"),
        ("&lt;b&gt;채소", "채소"),
        ('<"b 채소', "< b 채소"),
        ("1.", ""),
        ("**", ""),
        ("", ""),
    ],
)
def test_titles(written: str, title: str) -> None:
    assert clean_title(written) == title


@given(st.text())
def test_a_cleaned_title_has_at_most_ten_characters(written: str) -> None:
    title = clean_title(written)
    assert len(title) <= 10
    assert title == title.strip()


@pytest.mark.parametrize("sentence", ["에너지 절약을 해요", "에너지절약 챌린지예요"])
def test_a_category_is_named_with_or_without_its_space(sentence: str) -> None:
    assert names_category(sentence, "에너지 절약")


@given(st.lists(st.text(st.sampled_from("가a \n\t.*😀\x01"), max_size=5)))
def test_a_line_is_the_same_however_it_grows(fragments: list[str]) -> None:
    line, whole = Line(), Line()
    shown = "".join([*map(line.push, fragments), line.finish()])
    shown_at_once = whole.push("".join(fragments)) + whole.finish()
    assert shown_at_once == ("" if line.foreign else line.text) == shown
    assert whole.text == line.text == " ".join(re.sub("[*😀\x01]", "", "".join(fragments)).split())


def test_a_line_without_hangul_stays_hidden() -> None:
    line = Line()
    assert [line.push(part) for part in ("LED ", "등으로")] == ["", "LED 등으로"]
    english = Line()
    assert [english.push(part) for part in ("Bring your own tumbler today.", " 좋아요")] == ["", ""]
    assert english.foreign


def test_what_a_line_lost_is_named() -> None:
    line = Line()
    assert line.push("**텀블러**를 챙겨요 🌱") == "텀블러를 챙겨요"
    assert line.removed == {"markup", "emoji"}


def test_a_label_with_an_emoji_is_named_by_its_words() -> None:
    assert names_category("비건 생활을 시작해요.", "비건 🌱")
    assert not names_category("채식을 시작해요.", "비건 🌱")


def test_layout() -> None:
    one = Challenge("하나", "하나를 해 보세요.", "VEGAN", "비건")
    two = Challenge("둘", "둘을 해 보세요.", "VEGAN", "비건")
    assert layout(Answer("비건!", (one, two))) == "비건!\n\n1. 하나\n하나를 해 보세요.\n\n2. 둘\n둘을 해 보세요."
    assert layout(Answer("비건!")) == "비건!"
    assert layout(Answer("")) == ""
