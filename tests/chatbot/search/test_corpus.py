from hypothesis import given
from hypothesis import strategies as st

from chatbot.search.corpus import LONGEST_PASSAGE, passages


def test_paragraphs_are_parted_by_blank_lines() -> None:
    assert passages("첫째 문단이에요.\n이어지는 줄.\n\n둘째예요.\r\n \r\n셋째예요.\n") == [
        "첫째 문단이에요.\n이어지는 줄.",
        "둘째예요.",
        "셋째예요.",
    ]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [f"{number}번째 문장은 이만큼 길어요{'요' * 100}." for number in range(5)]
    assert passages(" ".join(sentences)) == [
        f"{sentences[0]} {sentences[1]}",
        f"{sentences[2]} {sentences[3]}",
        sentences[4],
    ]


def test_a_sentence_without_end_is_cut_at_white_space() -> None:
    assert passages("가" * 200 + " " + "나" * 200) == ["가" * 200, "나" * 200]
    assert passages("가" * 700) == ["가" * 300, "가" * 300, "가" * 100]


def test_nothing_has_no_passages() -> None:
    assert passages(" \n\n \n") == []


@given(st.text(alphabet="가나. \n!", max_size=2000))
def test_nothing_is_lost_and_nothing_is_too_long(text: str) -> None:
    cut = passages(text)
    assert "".join("".join(cut).split()) == "".join(text.split())
    assert all(0 < len(passage) <= LONGEST_PASSAGE and passage == passage.strip() for passage in cut)
