import pytest

from benchmarks.client.wire import BadResponse, SentEvent, read_events

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_events_are_read_with_the_moment_of_their_last_byte() -> None:
    arrivals = [
        (1, CHUNKED + chunk("event: challenge\nid: a:1\ndata: 하나\n\n".encode())),
        (2, chunk(b"event: challenge\nda")),
        (3, chunk("ta: 둘\n\n".encode()) + chunk(b": ping\n\n")),
        (4, chunk(b"event: close\ndata: {}\n\n") + b"0\r\n\r\n"),
    ]
    assert read_events(arrivals) == [
        SentEvent("challenge", "a:1", "하나", 1),
        SentEvent("challenge", "", "둘", 3),
        SentEvent("close", "", "{}", 4),
    ]


def test_bytes_may_be_cut_anywhere() -> None:
    raw = CHUNKED + chunk("data: 하나\r\n\r\n".encode()) + chunk("data: 둘\r\n\r\n".encode()) + b"0\r\n\r\n"
    arrivals = [(number, raw[number : number + 1]) for number in range(len(raw))]
    first = raw.index(b"\r\n\r\n", len(CHUNKED)) + 3
    second = raw.index(b"\r\n\r\n", first) + 3
    events = read_events(arrivals)
    assert [(event.data, event.at) for event in events] == [("하나", first), ("둘", second)]


def test_a_response_that_ends_with_its_connection_is_read() -> None:
    assert [event.data for event in read_events([(1, HEAD + b"\r\ndata: 1\n\n"), (2, b"data: 2\n\n")])] == ["1", "2"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        CHUNKED + chunk(b"data: 1\n\n"),
        CHUNKED + b"ff\r\ndata: 1\n\n",
    ],
)
def test_what_is_no_whole_stream_is_refused(raw: bytes) -> None:
    with pytest.raises(BadResponse):
        read_events([(1, raw)])
