import unicodedata
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.errors import ApplicationError, FieldRequired, MessageLength

INVISIBLE = [
    *("\u3164\u3164", "\u2800\u2800", "\u115f\u1160", "\uffa0\uffa0"),
    *("ㅇ\u3164", "❤️", "1️⃣", "\u200b\ufeff\u00ad"),
]
"""Messages with fewer than two visible characters, however many there seem to be."""


@pytest.mark.parametrize("message", [None, "", "  ", "\n\t"])
def test_a_message_is_needed(message: str | None) -> None:
    with pytest.raises(FieldRequired) as caught:
        FreeTextRequest(message).checked()
    assert (caught.value.status, caught.value.message) == (400, "message는 필수입니다.")


@pytest.mark.parametrize("message", ["네", " ㅇ ", "ㅇ\u200b", "e\u0301", "가" * 501, "가" * 100_000, "👍", *INVISIBLE])
def test_a_message_has_its_bounds(message: str) -> None:
    with pytest.raises(MessageLength) as caught:
        FreeTextRequest(message).checked()
    assert caught.value.status == 422
    assert caught.value.message == "message는 보이는 글자로 2자 이상, 모두 500자 이하여야 합니다."


@pytest.mark.parametrize("message", ["ㅋㅋ", "네!", "가" * 500, unicodedata.normalize("NFD", "비건" * 250)])
def test_a_message_within_its_bounds_is_kept_composed(message: str) -> None:
    assert FreeTextRequest(message, "s").checked() == FreeTextRequest(unicodedata.normalize("NFC", message), "s")


def test_what_no_database_takes_is_replaced() -> None:
    assert FreeTextRequest("비건\0 \ud800추천").checked().message == "비건\ufffd \ufffd추천"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("%EB%8B%A4%EB%A5%B8%20%EA%B1%B0%20%EC%97%86%EC%96%B4%3F", "다른 거 없어?"),  # encodeURIComponent
        ("%EB%8B%A4%EB%A5%B8+%EA%B1%B0+%EC%97%86%EC%96%B4%3F", "다른 거 없어?"),  # a form
        ("%EB%8B%A4%EB%A5%B8 %EA%B1%B0 %EC%97%86%EC%96%B4?", "다른 거 없어?"),  # a form whose plus signs were read
        ("LED%20%EC%A0%84%EA%B5%AC", "LED 전구"),
        ("%eb%b9%84%ea%b1%b4", "비건"),
        ("%E1%84%87%E1%85%B5%E1%84%80%E1%85%A5%E1%86%AB", "비건"),  # decomposed
        ("%F0%9F%8C%B1%F0%9F%8C%B1", "🌱🌱"),
        ("%25EB%25B9%2584", "%25EB%25B9%2584"),  # encoded once more than that
        ("100%25 비건", "100%25 비건"),
        ("비건 %EB%B9%84", "비건 %EB%B9%84"),
        ("90% or 80%", "90% or 80%"),
        ("%EB%B9", "%EB%B9"),  # cut in a character
        ("%C7%D1%B1%DB", "%C7%D1%B1%DB"),  # another encoding
        ("vegan+food", "vegan+food"),
    ],
)
def test_a_message_that_was_percent_encoded_twice_is_read(sent: str, kept: str) -> None:
    assert FreeTextRequest(sent).checked().message == kept


def test_a_long_message_may_be_percent_encoded_twice() -> None:
    assert FreeTextRequest(quote("가" * 500)).checked().message == "가" * 500
    with pytest.raises(MessageLength):
        FreeTextRequest(quote("가" * 501)).checked()


@given(st.text(max_size=600))
def test_any_text_is_kept_or_refused(message: str) -> None:
    with suppress(ApplicationError):
        kept = FreeTextRequest(message).checked().message
        assert kept is not None
        assert 2 <= len(kept) <= 500
        kept.encode()
