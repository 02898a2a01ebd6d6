"""How a stream ends before its log does, for who comes back at any place."""

import pytest

from chatbot.streaming.events import Close, Event, Failed, Rewrite, Token
from chatbot.streaming.listening import Farewell

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
    farewell = Farewell(3, [BACK, CLOSE])
    assert farewell.end == 5
    assert farewell.behind(seen) == behind


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
    assert Farewell(3, [BACK, TEXT, CLOSE], 7).behind(seen) == behind


def test_a_failure_instead_of_what_is_lost_ends_where_that_did() -> None:
    assert [Farewell(3, [FAILED], 7).behind(seen) for seen in (3, 6, 7)] == [[(7, FAILED)], [(7, FAILED)], []]
