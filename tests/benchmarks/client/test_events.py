"""The load client parses a response: its events, their completeness, and their delays."""

import json
from typing import Any

import pytest

from benchmarks.answers import RECEIPT, STAMP, answer_tokens, expected, stamp
from benchmarks.client.events import Fault, ReceivedEvent, added_time, check_ours, check_peer, delays_of, read_events

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

TEXT, LAYOUT = expected("비건", 80)
ANSWER = json.loads(TEXT)


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
        ReceivedEvent("challenge", "a:1", "하나", 1),
        ReceivedEvent("challenge", "", "둘", 3),
        ReceivedEvent("close", "", "{}", 4),
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
    with pytest.raises(Fault):
        read_events([(1, raw)])


def event(name: str, data: Any, number: int | None = None) -> ReceivedEvent:
    envelope = json.dumps({"status": 200, "message": "", "data": data}, ensure_ascii=False)
    return ReceivedEvent(name, f"generation-1:{number}" if number else "", envelope, 0)


def ours() -> list[ReceivedEvent]:
    named: list[tuple[str, Any]] = [("start", {})]
    named += [("challenge", {"token": LAYOUT[place : place + 5]}) for place in range(0, len(LAYOUT), 5)]
    named += [("item", {"index": index}) for index in (1, 2, 3)]
    named += [("close", ANSWER)]
    return [event(name, data, number) for number, (name, data) in enumerate(named, start=1)]


def peers() -> list[ReceivedEvent]:
    return [*(event("challenge", {"token": token}) for token in answer_tokens("비건", 80)), event("close", ANSWER)]


def test_whole_streams_pass() -> None:
    check_ours(ours(), LAYOUT)
    check_peer(peers(), TEXT)


def lost(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return events[:5] + events[6:]


def doubled(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return events[:5] + events[4:]


def swapped(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return [*events[:4], events[5], events[4], *events[6:]]


def unended(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return events[:-1]


def ended_twice(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return [*events, events[-1]]


def followed(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return [*events[:-2], events[-1], events[-2]]


def failed(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return [*events[:-1], ReceivedEvent("error", events[-1].id, '{"status":502,"data":null}', 0)]


FAULTS = [lost, doubled, swapped, unended, ended_twice, followed, failed]


@pytest.mark.parametrize("spoil", FAULTS)
def test_faults_of_our_streams_are_found(spoil: Any) -> None:
    with pytest.raises(Fault):
        check_ours(spoil(ours()), LAYOUT)


@pytest.mark.parametrize("spoil", FAULTS)
def test_faults_of_the_peers_streams_are_found(spoil: Any) -> None:
    with pytest.raises(Fault):
        check_peer(spoil(peers()), TEXT)


def renumbered(events: list[ReceivedEvent]) -> list[ReceivedEvent]:
    return [
        ReceivedEvent(each.name, f"generation-1:{number}", each.data, 0) for number, each in enumerate(events, start=1)
    ]


def test_a_lost_token_is_found_although_the_numbers_have_no_gap() -> None:
    with pytest.raises(Fault, match="layout"):
        check_ours(renumbered(lost(ours())), LAYOUT)


def test_another_answer_than_the_providers_is_a_fault() -> None:
    with pytest.raises(Fault, match="provider"):
        check_ours(ours(), expected("비건", 81)[1])
    with pytest.raises(Fault, match="provider"):
        check_peer(peers(), expected("비건", 81)[0])


def token(text: str, milliseconds: float) -> ReceivedEvent:
    return ReceivedEvent("challenge", "", json.dumps({"data": {"token": text}}), round(milliseconds * 1e6))


def test_delays_run_from_a_stamp_to_the_arrival_of_its_last_character() -> None:
    whole, half = stamp(STAMP, 1_000_000), stamp(STAMP, 1_020_000)
    events = [token(f"비건 {whole}", 1003), token(half[:6], 1021), token(half[6:], 1030)]
    assert delays_of(events) == [3.0, 10.0]


def test_stamps_that_are_not_filled_in_are_ignored() -> None:
    assert delays_of([token(stamp(STAMP, 0), 1003)]) == []
    assert added_time([token(f"{stamp(STAMP, 0)} {stamp(RECEIPT, 0)}", 1003)], 0) is None


def test_the_provider_s_own_time_is_not_added() -> None:
    # Asked at 1000 ms; the provider read its request at 1004 and sent the first word at 1204, which came at 1207.
    events = [token(stamp(STAMP, 1_204_000), 1207), token(f" {stamp(RECEIPT, 1_004_000)}", 1227)]
    assert added_time(events, 1000 * 1_000_000) == 7.0
