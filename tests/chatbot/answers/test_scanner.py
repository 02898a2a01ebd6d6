from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.answers.scanner import Characters, ObjectEnd, ScanEvent, Scanner, StringEnd
from tests.chatbot.answers import strategies


def scan(*pieces: str) -> list[ScanEvent]:
    """The events of the pieces, neighbouring characters of one string joined."""
    scanner = Scanner()
    joined: list[ScanEvent] = []
    for piece in pieces:
        for event in scanner.feed(piece):
            last = joined[-1] if joined else None
            if isinstance(event, Characters) and isinstance(last, Characters) and last.path == event.path:
                joined[-1] = Characters(event.path, last.text + event.text)
            else:
                joined.append(event)
    return joined


def expected(answer: dict[str, Any]) -> list[ScanEvent]:
    """The events that an answer must give, from its value alone."""
    events: list[ScanEvent] = []

    def walk(path: tuple[str | int, ...], value: Any) -> None:
        if isinstance(value, str):
            events.extend([Characters(path, value)] if value else [])
            events.append(StringEnd(path))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk((*path, index), item)
        else:
            for name, item in value.items():
                if path or name in {"recommend", "challenges"}:
                    walk((*path, name), item)
            events.append(ObjectEnd(path))

    walk((), answer)
    return events


@given(st.data())
def test_any_valid_answer_in_any_pieces_gives_the_same_events(data: st.DataObject) -> None:
    answer = data.draw(strategies.answers)
    json_text = data.draw(strategies.serialized(answer))
    whole = data.draw(strategies.before) + json_text + data.draw(strategies.after)
    pieces = data.draw(strategies.cut(whole))
    assert scan(*pieces) == expected(answer)


@given(st.data())
def test_challenges_as_a_string_of_json_read_as_if_unquoted(data: st.DataObject) -> None:
    answer = data.draw(strategies.answers)
    inner = data.draw(strategies.serialized(answer["challenges"]))
    whole = data.draw(strategies.serialized({**answer, "challenges": inner}))
    pieces = data.draw(strategies.cut(whole))
    assert scan(*pieces) == expected(answer)


structure = ["{", "}", "[", "]", '"', ":", ",", "\\", "\\u", "\\ud83d", "\\ude00", "<think>", "</think>", "<", "\n"]
keys = ["recommend", '"recommend"', '"challenges"', '{"recommend":"', '{"challenges":[{"title":"']
fragments = st.sampled_from([*structure, *keys, "\ud83d", "\ude00", "가", "1"])


@given(st.lists(fragments | st.text(max_size=5), max_size=40))
def test_no_input_makes_it_raise_or_emit_a_lone_surrogate(pieces: list[str]) -> None:
    events = scan(*pieces)
    for event in events:
        if isinstance(event, Characters):
            event.text.encode("utf-8")
    assert scan("".join(pieces)) == events


@given(st.binary(max_size=200))
def test_bytes_that_were_never_text_do_not_make_it_raise(noise: bytes) -> None:
    scan('{"recommend":"', noise.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (['{"recommend":"\\ud83d', '\\ude00"}'], "😀"),
        (['{"recommend":"\\uD83', 'D\\uDE00"}'], "😀"),
        (['{"recommend":"\\ud83d"}'], "\ufffd"),
        (['{"recommend":"\\ude00a"}'], "\ufffda"),
        (['{"recommend":"\\ud83d\\ud83d\\ude00"}'], "\ufffd😀"),
        (['{"recommend":"\\u12', 'x"}'], "\ufffdx"),
        (['{"recommend":"a\\qb"}'], "aqb"),
        (['{"recommend":"a\\', '"b"}'], 'a"b'),
        (['{"recommend":"\ud83d', '\ude00"}'], "😀"),
        (['{"recommend":"line\nbreak\x00\x01"}'], "line\nbreak"),
    ],
)
def test_escapes_that_are_cut_lonely_or_wrong(pieces: list[str], text: str) -> None:
    assert scan(*pieces) == [Characters(("recommend",), text), StringEnd(("recommend",)), ObjectEnd(())]


def test_an_unfinished_escape_is_held_back() -> None:
    scanner = Scanner()
    assert scanner.feed('{"recommend":"좋아\\u') == [Characters(("recommend",), "좋아")]
    assert scanner.feed("c694") == [Characters(("recommend",), "요")]


def test_nothing_is_read_behind_the_end_of_the_object() -> None:
    scanner = Scanner()
    scanner.feed('{"recommend":"끝"}')
    assert scanner.done
    assert scanner.feed(' {"recommend":"또"}') == []


def test_an_object_that_is_no_answer_is_passed_over() -> None:
    assert scan('{"thought":"hm"}', '{"recommend":"a"}') == scan('{"recommend":"a"}')


def test_an_unclosed_think_block_hides_everything() -> None:
    assert scan('<think>so {"recommend":"a"}') == []


def test_missing_commas_are_forgiven() -> None:
    assert scan('{"recommend":"a" "challenges":[{"title":"b" "description":"c"}]}') == expected(
        {"recommend": "a", "challenges": [{"title": "b", "description": "c"}]}
    )


def test_depth_is_bounded() -> None:
    assert scan('{"challenges":' + "[" * 100_000) == []
