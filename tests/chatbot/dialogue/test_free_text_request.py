import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.errors import ApplicationError, FieldRequired, MessageLength


@pytest.mark.parametrize("message", [None, "", "  ", "\n\t"])
def test_a_message_is_needed(message: str | None) -> None:
    with pytest.raises(FieldRequired) as caught:
        FreeTextRequest(message).checked()
    assert (caught.value.status, caught.value.message) == (400, "message는 필수입니다.")


@pytest.mark.parametrize("message", ["네", " ㅇ ", "ㅇ\u200b", "e\u0301", "가" * 501, "가" * 100_000, "👍"])
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


@given(st.text(max_size=600))
def test_any_text_is_kept_or_refused(message: str) -> None:
    with suppress(ApplicationError):
        kept = FreeTextRequest(message).checked().message
        assert kept is not None
        assert 2 <= len(kept) <= 500
        kept.encode()
