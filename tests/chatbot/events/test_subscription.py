"""How a stream ends before its log does, for a client that resumes at any cursor."""

import pytest

from chatbot.events.subscription import StreamEnd
from chatbot.events.types import Close, Event, Failed, Rewrite, Token

BACK = Rewrite(0)
TEXT = Token("비건을 시작해요.")
CLOSE = Close("recommendation", "비건을 시작해요.", [])
FAILED = Failed(502, "실패했습니다.")


@pytest.mark.parametrize(
    ("seen", "behind"),
    [
        (0, [(4, BACK), (5, CLOSE)]),
        (3, [(4, BACK), (5, CLOSE)]),
        (4, [(5, CLOSE)]),
        (5, []),
        (6, []),
    ],
)
def test_the_end_of_a_session_has_its_own_numbers(seen: int, behind: list[tuple[int, Event]]) -> None:
    stream_end = StreamEnd(3, [BACK, CLOSE])
    assert stream_end.end == 5
    assert stream_end.behind(seen) == behind


@pytest.mark.parametrize(
    ("seen", "behind"),
    [
        (0, [(4, BACK), (5, BACK), (6, TEXT), (7, CLOSE)]),
        (4, [(5, BACK), (6, TEXT), (7, CLOSE)]),
        (6, [(7, BACK), (8, TEXT), (9, CLOSE)]),
        (7, []),
    ],
)
def test_the_whole_instead_of_what_is_lost_ends_where_that_did(seen: int, behind: list[tuple[int, Event]]) -> None:
    assert StreamEnd(3, [BACK, TEXT, CLOSE], 7).behind(seen) == behind


def test_a_failure_instead_of_what_is_lost_ends_where_that_did() -> None:
    assert [StreamEnd(3, [FAILED], 7).behind(seen) for seen in (3, 6, 7)] == [[(7, FAILED)], [(7, FAILED)], []]
