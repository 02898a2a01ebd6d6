"""Server-sent events in a body are parsed as in browsers, for any split of the bytes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chatbot.diagnostics.visit import ReceivedEvent, Response

WIRE = st.lists(
    st.sampled_from(
        [b"data: x", b"data", b":", b"event:close", b"id: 1", b"\n", b"\r", b"\r\n", "비건".encode(), b"\xff"]
    )
).map(b"".join)


def received(*parts: bytes) -> Response:
    return Response(200, chunks=tuple((0.0, part) for part in parts))


def test_the_fields_of_an_event_are_read() -> None:
    assert received("event: close\nid: g:1\ndata: {}\ndata:두 번째\n\n".encode()).events == [
        ReceivedEvent("close", "{}\n두 번째", "g:1")
    ]


def test_comments_and_a_byte_order_mark_are_no_fields() -> None:
    assert received(b"\xef\xbb\xbfevent: a\n: hello\n\n: again\nevent: b\n\n").events == [
        ReceivedEvent("a", ""),
        ReceivedEvent("b", ""),
    ]


def test_every_kind_of_line_end_counts() -> None:
    assert received(b"data: a\r\n\r\ndata: b\r\rdata: c\n\n").events == [
        ReceivedEvent("message", each) for each in "abc"
    ]


def test_an_event_arrives_with_its_last_line() -> None:
    response = Response(200, chunks=((1.0, b"data: a\n"), (2.0, b"\ndata: b\n\ndata"), (3.0, b": c")))
    assert response.events == [ReceivedEvent("message", "a", seconds=2.0), ReceivedEvent("message", "b", seconds=2.0)]
    assert response.has_rest


def test_the_last_of_several_names_counts() -> None:
    assert received(b"event: a\nevent: b\nid: 1\nid: 2\ndata: x\n\n").events == [ReceivedEvent("b", "x", "2")]


def test_pings_and_the_librarys_own_events_are_left_out() -> None:
    wire = b":   \n\nevent: stream-open\ndata:\n\ndata: x\nid: 1\n\n: ping\n\nevent: keep-alive\ndata:\n\n"
    assert received(wire).events == [ReceivedEvent("message", "x", "1")]


def test_events_are_utf8_for_any_content_type() -> None:
    response = Response(200, chunks=((0.0, "data: 비건\n\n".encode()),))
    response.headers["Content-Type"] = "text/event-stream; charset=euc-kr"
    assert [event.data for event in response.events] == ["비건"]


def test_a_comment_at_the_end_is_no_rest() -> None:
    assert not received(b"data: a\r\n\r\n: ping\r\n").has_rest
    assert received(b"data: a\n\nid: 2\n").has_rest


@given(WIRE | st.binary(), st.lists(st.integers(0, 60)))
def test_how_the_bytes_are_cut_changes_nothing(wire: bytes, places: list[int]) -> None:
    edges = [0, *sorted(place for place in places if place < len(wire)), len(wire)]
    whole, cut = received(wire), received(*(wire[start:end] for start, end in itertools.pairwise(edges)))
    assert cut.events == whole.events
    assert cut.has_rest == whole.has_rest


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["start", "challenge", "close"]),
            st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])),
            st.integers(),
        ),
        max_size=8,
    )
)
def test_what_was_framed_is_read_again(events: list[tuple[str, str, int]]) -> None:
    wire = "".join(f"event: {name}\nid: {number}\ndata: {data}\n\n" for name, data, number in events)
    read_again = [(event.name, event.data, event.id) for event in received(wire.encode("utf-8", "replace")).events]
    assert read_again == [(name, data, str(number)) for name, data, number in events]
