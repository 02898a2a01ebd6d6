"""The SSE parser reads what the specification says, however the bytes are cut."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from chatbot.diagnosis.exchange import Chunk
from chatbot.diagnosis.sse import Frame, Parser, read_frames

WIRE = st.lists(
    st.sampled_from(
        [b"data: x", b"data", b":", b"event:close", b"id: 1", b"\n", b"\r", b"\r\n", "비건".encode(), b"\xff"]
    )
).map(b"".join)


def read(*parts: bytes) -> list[Frame]:
    return read_frames([Chunk(0.0, part) for part in parts])[0]


def test_the_fields_of_an_event_are_read_in_their_order() -> None:
    assert read("event: close\nid: g:1\ndata: {}\ndata:두 번째\n\n".encode()) == [
        Frame((("event", "close"), ("id", "g:1"), ("data", "{}"), ("data", "두 번째")))
    ]


def test_comments_and_a_byte_order_mark_are_no_fields() -> None:
    assert read(b"\xef\xbb\xbf: hello\n\n: again\ndata: a\n\n") == [Frame((("data", "a"),))]


def test_every_kind_of_line_end_counts() -> None:
    assert read(b"data: a\r\n\r\ndata: b\r\rdata: c\n\n") == [Frame((("data", letter),)) for letter in "abc"]


def test_a_frame_arrives_with_its_last_line() -> None:
    frames, rest = read_frames([Chunk(1.0, b"data: a\n"), Chunk(2.0, b"\ndata: b\n\ndata"), Chunk(3.0, b": c")])
    assert frames == [Frame((("data", "a"),), 2.0), Frame((("data", "b"),), 2.0)]
    assert rest


def test_the_last_of_several_names_counts() -> None:
    frame = read(b"event: a\nevent: b\nid: 1\nid: 2\ndata\n\n")[0]
    assert (frame.name, frame.id, frame.data) == ("b", "2", [""])


def test_an_event_without_a_name_is_a_message() -> None:
    assert read(b"data: x\n\n")[0].name == "message"


@given(WIRE | st.binary(), st.lists(st.integers(0, 60)))
def test_how_the_bytes_are_cut_changes_nothing(wire: bytes, places: list[int]) -> None:
    edges = [0, *sorted(place for place in places if place < len(wire)), len(wire)]
    whole, cut = Parser(), Parser()
    expected = whole.feed(wire)
    found = [frame for start, end in itertools.pairwise(edges) for frame in cut.feed(wire[start:end])]
    assert found == expected
    assert cut.rest == whole.rest


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
    read_again = [(frame.name, frame.data, frame.id) for frame in read(wire.encode("utf-8", "replace"))]
    assert read_again == [(name, [data], str(number)) for name, data, number in events]
