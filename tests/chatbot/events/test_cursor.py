import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.events.cursor import Cursor, event_id, parse_cursor

ID = uuid.UUID("7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10")


def test_a_cursor_is_an_event_id_that_comes_back() -> None:
    assert event_id(ID, 17) == "generation-7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10:17"
    assert parse_cursor(event_id(ID, 17)) == Cursor(ID, 17)


WHOLE = f"generation-{ID}:1"


@pytest.mark.parametrize(
    "text", [None, "", "17", "error", "generation-../../etc:1", WHOLE[:-2], WHOLE[:-1], f" {WHOLE}"]
)
@pytest.mark.parametrize("tail", ["", "\n", ",other:2"])
def test_what_is_no_event_id_is_no_cursor(text: str | None, tail: str) -> None:
    assert parse_cursor(text and text + tail) is None


@pytest.mark.parametrize("number", ["0", "-1", "01", "9999999999", "１", "1\n", "1,other:2"])
def test_a_malformed_number_is_no_cursor(number: str) -> None:
    assert parse_cursor(WHOLE[:-1] + number) is None


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    assert parse_cursor(text) is None
