"""The format of a stream: every known mistake is reported."""

import json
from collections.abc import Callable

import pytest
from django.core import checks
from hypothesis import given
from hypothesis import strategies as st

from chatbot.diagnostics.stream import envelope_of, judge_stream
from chatbot.diagnostics.visit import ReceivedEvent, Response
from tests.chatbot.diagnostics.recordings import (
    HEADERS,
    TARGET,
    Event,
    envelope,
    framed,
    good_events,
    level_and_message,
    recorded,
)


def troubles(response: Response) -> list[str]:
    return [finding.msg for finding in judge_stream(response, TARGET) if finding.level > checks.INFO]


def spoiled(change: Callable[[bytes], bytes]) -> Response:
    """The valid stream with every frame changed."""
    return recorded([change(data) for data in framed(good_events())])


def recoded(change: Callable[[str], str], *, only: str = "") -> Response:
    """The valid stream with changed data, of all events or only of those with one name."""

    def frame(data: bytes) -> bytes:
        head, mark, rest = data.decode().partition("data: ")
        value, _, tail = rest.partition("\n")
        if only and f"event: {only}\n" not in head:
            return data
        return f"{head}{mark}{change(value)}\n{tail}".encode()

    return spoiled(frame)


def test_a_good_stream_is_good_in_every_respect() -> None:
    assert [level_and_message(finding) for finding in judge_stream(recorded(framed(good_events())), TARGET)] == [
        ("ok", "The stream opens: 200, text/event-stream."),
        ("ok", "22 events, each with one line of JSON that was encoded once, Korean readable."),
        ("ok", "Event ids rise by one from 1 to 22, without a gap."),
        ("ok", "One terminal event (close) ends the stream, and the response with it."),
        ("ok", "The text that was written is the closing answer, character for character."),
        ("ok", "The answer keeps its contract: one sentence that names the category, three different challenges."),
        ("ok", "The first words came after 0.10 s."),
        ("ok", "22 events came in 22 steps: nothing on the way holds them back."),
    ]


def test_bare_string_tokens_are_good_too() -> None:
    events = [(name, _bare(name, value)) for name, value in good_events()]
    assert troubles(recorded(framed(events))) == []


def _bare(name: str, value: object) -> object:
    assert isinstance(value, dict)
    return {**value, "data": value["data"]["token"]} if name == "challenge" else value


def test_a_stream_that_was_framed_twice() -> None:
    assert troubles(recoded(lambda data: f"data: {data}"))[0] == (
        "Events are framed twice, clients read “data: data: …”: start, 17 × challenge, 3 × item, close."
    )


def test_an_event_with_two_data_lines() -> None:
    assert troubles(recoded(lambda data: f"{data}\ndata: ", only="start")) == [
        "Events have not exactly one data line: start."
    ]


def test_json_inside_json() -> None:
    assert troubles(recoded(json.dumps, only="item")) == [
        "Events hold JSON inside JSON, encoded twice: 3 × item.",
        "Korean is not readable, it is written as \\u escapes: 3 × item.",
    ]


def test_a_payload_that_was_encoded_before_its_envelope() -> None:
    def twice(data: str) -> str:
        value = json.loads(data)
        return json.dumps({**value, "data": json.dumps(value["data"], ensure_ascii=False)}, ensure_ascii=False)

    assert troubles(recoded(twice, only="challenge"))[0] == (
        "Events hold JSON inside JSON, encoded twice: 17 × challenge."
    )


def test_korean_as_escapes() -> None:
    assert troubles(recoded(lambda data: json.dumps(json.loads(data)))) == [
        "Korean is not readable, it is written as \\u escapes: start, 17 × challenge, 3 × item, close."
    ]


@pytest.mark.parametrize("token", ["\x01", "\\u", "\\uac00 C:\\users", "\u009f"])
def test_escapes_that_json_needs_are_no_trouble(token: str) -> None:
    events: list[Event] = [("challenge", envelope({"token": token}))]
    assert not any("escapes" in message for message in troubles(recorded(framed(events))))


@pytest.mark.parametrize("data", ["{}", "[]", "hello", "null", '{"status":"200","message":"","data":null}'])
def test_what_is_no_envelope(data: str) -> None:
    assert troubles(recoded(lambda _: data, only="start"))[0] == (
        "Events are no envelope of status, message and data: start."
    )


def test_bytes_that_are_no_utf8() -> None:
    assert troubles(spoiled(lambda data: data.replace("채".encode(), b"\xc3")))[0].startswith(
        "Events are not valid UTF-8: "
    )


def test_a_gap_in_the_numbers() -> None:
    frames = framed(good_events())
    del frames[20]
    assert troubles(recorded(frames)) == ["Event ids do not rise by one: 22 stands where 21 should."]


def test_a_stream_that_does_not_begin_with_one() -> None:
    assert troubles(recorded(framed(good_events(), first=2))) == [
        "Event ids do not rise by one: 2 stands where 1 should."
    ]


def test_events_without_a_number() -> None:
    def without(data: bytes) -> bytes:
        return b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"id:"))

    assert troubles(spoiled(without)) == [
        "Events have no id generation-<id>:<n>, so EventSource cannot resume: start, 17 × challenge, 3 × item, close."
    ]


def test_events_of_two_generations() -> None:
    frames = framed(good_events())
    frames[3] = frames[3].replace(b"7f0c1c0e", b"00000000")
    assert troubles(recorded(frames)) == ["The stream mixes the events of several generations."]


def test_two_close_events() -> None:
    events = good_events()
    assert troubles(recorded(framed([*events, events[-1]]))) == [
        "The stream has 2 terminal events (close and close): clients act twice."
    ]


def test_an_event_behind_the_close() -> None:
    events = good_events()
    assert troubles(recorded(framed([*events[:-2], events[-1], events[-2]]))) == [
        "Something follows the terminal event close."
    ]


def test_no_close_event() -> None:
    frames = framed(good_events())[:-1]
    assert troubles(recorded(frames, ending="broken")) == ["The stream has no close or error event; it broke off."]
    assert troubles(recorded(frames)) == ["The stream has no close or error event; it ended."]
    assert troubles(recorded(frames, ending="unfinished")) == [
        "The stream has no close or error event; it did not end in time."
    ]


def test_a_response_that_goes_on_behind_the_close() -> None:
    assert troubles(recorded(framed(good_events()), ending="unfinished")) == [
        "After the event close the response did not end in time: clients wait, or reconnect."
    ]


def test_a_stream_without_events() -> None:
    assert troubles(recorded([])) == ["The stream has no event."]


def test_a_page_instead_of_a_stream() -> None:
    headers = (("content-type", "text/html; charset=utf-8"), ("server", "nginx"))
    assert troubles(recorded([], headers=headers))[0] == (
        "The response is text/html; charset=utf-8, not text/event-stream: EventSource refuses it."
    )


def test_a_compressed_stream() -> None:
    assert troubles(recorded(framed(good_events()), headers=(*HEADERS, ("content-encoding", "gzip")))) == [
        "The stream is compressed (gzip): compression holds events back until there are enough of them."
    ]


@pytest.mark.parametrize(("server", "expected"), [("caddy", 1), ("nginx/1.27", 0)])
def test_a_stream_that_does_not_forbid_buffering(server: str, expected: int) -> None:
    headers = (("content-type", "text/event-stream"), ("server", server))
    assert len(troubles(recorded(framed(good_events()), headers=headers))) == expected


def test_a_host_that_is_not_allowed_is_reported_by_an_error_event() -> None:
    refused = envelope(None, status=400, message="… LEAFRESH_ALLOWED_HOSTS …")
    assert troubles(recorded([f"event: error\ndata: {json.dumps(refused)}\n\n".encode()])) == [
        "The server answers requests addressed to 127.0.0.1 with 400: it is no allowed host."
    ]


@given(st.text())
def test_any_text_may_stand_behind_data(text: str) -> None:
    envelope_of(ReceivedEvent("challenge", text))


@given(st.lists(st.binary(max_size=60)))
def test_any_bytes_can_be_judged(frames: list[bytes]) -> None:
    assert list(judge_stream(recorded(frames), TARGET))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["token", "challenges", "recommend", "title", "length", "category"]), inner)
    ),
    max_leaves=8,
)


@given(st.lists(st.tuples(st.sampled_from(["start", "challenge", "rewrite", "item", "close", "error"]), JSON)))
def test_any_payload_can_be_judged(events: list[tuple[str, object]]) -> None:
    assert list(judge_stream(recorded(framed([(name, envelope(data)) for name, data in events])), TARGET))
