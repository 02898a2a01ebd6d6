"""A recommendation as a client sees it, from a real server."""

import itertools
import re
import unicodedata
from typing import Any

import httpx
import pytest

from challenges.seeding import seeded_rows
from challenges.text import lookup_name
from tests.e2e.conversations import told
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, Background, Event, laid_out, of_all, parse, stream, tokens


def names(kind: str) -> dict[str, list[str]]:
    """Every name of every option of a kind, by key."""
    rows = [row for row_kind, _, row in seeded_rows() if row_kind == kind]
    return {row["key"]: [row["key"], row["label"], *row["aliases"]] for row in rows}


LABELS = {row["key"]: row["label"] for kind, _, row in seeded_rows() if kind == "category"}


def keeps_contract(answer: dict[str, Any], category: str) -> None:
    """The contract of an answer, from the product's own description."""
    assert set(answer) == {"kind", "recommend", "challenges"}
    assert answer["kind"] == "recommendation"
    assert LABELS[category] in answer["recommend"]
    assert len({challenge["title"] for challenge in answer["challenges"]}) == 3
    for challenge in answer["challenges"]:
        assert set(challenge) == {"title", "description", "category", "label"}
        assert 1 <= len(unicodedata.normalize("NFC", challenge["title"])) <= 10
        assert challenge["description"]
        assert (challenge["category"], challenge["label"]) == (category, LABELS[category])


def is_whole(events: list[Event]) -> None:
    """What holds for every stream that was read from its first event to its end."""
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert len({event.id.rpartition(":")[0] for event in events}) == 1
    assert [event.name for event in events].count("start") == 1
    assert events[0].name == "start"
    assert [event.name for event in events if event.name in {"close", "error"}] == ["close"]
    assert events[-1].name == "close"
    assert tokens(events) == laid_out(events[-1].payload)
    items = [event.payload for event in events if event.name == "item"]
    expected = [{"index": index, **item} for index, item in enumerate(events[-1].payload["challenges"], start=1)]
    assert items == expected


def selections() -> list[tuple[str, dict[str, Any]]]:
    """The 128 selections, each by key, by label and by aliases: category and parameters."""
    found: list[tuple[str, dict[str, Any]]] = []
    kinds = [names(kind) for kind in ("location", "work_type", "category")]
    for keys in itertools.product(*kinds):
        spellings = [kind[key] for kind, key in zip(kinds, keys, strict=True)]
        for turn in range(3):
            chosen = [words[min(turn, 1) if turn < 2 else 2 % len(words)] for words in spellings]
            found.append((keys[2], dict(zip(("location", "workType", "category"), chosen, strict=True))))
    return found


def test_every_selection_by_key_label_and_alias_keeps_the_contract(server: RunningServer) -> None:
    for category, selection in selections():
        events = list(stream(server.url, **selection))
        is_whole(events)
        keeps_contract(events[-1].payload, category)


def test_every_alias_in_any_case_means_its_option(server: RunningServer) -> None:
    for category, spellings in names("category").items():
        for spelling in {*spellings, spellings[0].lower(), f" {spellings[1]} "}:
            close = list(stream(server.url, **{**SELECTION, "category": spelling}))[-1]
            assert {challenge["category"] for challenge in close.payload["challenges"]} == {category}, spelling
    for parameter, kind in (("location", "location"), ("workType", "work_type")):
        for spelling in itertools.chain(*names(kind).values()):
            selection = {**SELECTION, parameter: unicodedata.normalize("NFD", spelling)}
            with httpx.Client() as client:
                answered = client.post(f"{server.url}{BASE_INFO}", json=selection)
            assert answered.status_code == 200, spelling


@pytest.mark.parametrize("prefix", ["/ai", "/api"])
def test_the_first_event_says_what_is_being_answered(server: RunningServer, prefix: str) -> None:
    session = f"first!{prefix}"
    start = next(stream(server.url, path=f"{prefix}/chatbot/recommendation/base-info", sessionId=session, **SELECTION))
    generation_id = start.payload["generationId"]
    assert start.id == f"generation-{generation_id}:1"
    assert start.data == (
        f'{{"status":200,"message":"추천을 시작합니다.","data":{{"generationId":"{generation_id}",'
        f'"sessionId":"{session}","category":{{"key":"VEGAN","label":"비건"}},"promptVersion":"base-info@1",'
        f'"source":"catalog","sessionToken":"{start.payload["sessionToken"]}"}}}}'
    )


def test_the_bytes_of_a_stream(server: RunningServer) -> None:
    with httpx.Client() as client:
        response = client.get(f"{server.url}{BASE_INFO}", params=SELECTION)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache, no-transform"
    assert response.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in response.headers
    text = response.content.decode()
    assert "\\u" not in text
    assert "data: data:" not in text
    for block in text.split("\n\n"):
        assert sum(line.startswith("data:") for line in block.split("\n")) <= 1
        assert not block.startswith("event: challenge") or block.rpartition("\n")[2].startswith("id: generation-")
    assert re.search(r"\nid: generation-\S+\n\n$", text)


def test_a_reconnect_at_any_event_gives_exactly_the_rest(server: RunningServer) -> None:
    events = list(stream(server.url, sessionId="resume", **SELECTION))
    for event in events[:-1]:
        rest = list(stream(server.url, sessionId="resume", last_event_id=event.id, **SELECTION))
        assert rest == events[event.number :]


def test_a_reconnect_by_the_query_gives_the_same_as_by_the_header(server: RunningServer) -> None:
    asked = {**SELECTION, "sessionId": "by-query"}
    events = list(stream(server.url, **asked))
    first, third, close = events[0].id, events[2].id, events[-1].id
    assert list(stream(server.url, **asked, lastEventId=third)) == events[3:]
    assert list(stream(server.url, **asked, last_event_id=third, lastEventId=first)) == events[3:]  # the header counts
    assert httpx.get(f"{server.url}{BASE_INFO}", params={**asked, "lastEventId": close}).status_code == 204


def test_a_dropped_connection_goes_on_where_it_was(slow_server: RunningServer) -> None:
    """The connection is cut after every event while the answer is being written."""
    events: list[Event] = []
    cursor = ""
    while not events or events[-1].name != "close":
        connection = stream(slow_server.url, sessionId="dropping", last_event_id=cursor, **SELECTION)
        events.append(next(connection))
        connection.close()
        cursor = events[-1].id
    is_whole(events)
    assert len(events) > 10


def test_the_terminal_event_is_followed_by_204(server: RunningServer) -> None:
    close = list(stream(server.url, sessionId="over", **SELECTION))[-1]
    with httpx.Client() as client:
        for cursor in (close.id, f"{close.id}0"):
            answered = client.get(
                f"{server.url}{BASE_INFO}", params={**SELECTION, "sessionId": "over"}, headers={"Last-Event-ID": cursor}
            )
            assert (answered.status_code, answered.content) == (204, b"")


def test_an_unknown_generation_is_answered_by_a_reset_and_a_new_one(server: RunningServer) -> None:
    unknown = "generation-00000000-0000-4000-8000-000000000000:5"
    with httpx.Client() as client:
        text = client.get(f"{server.url}{BASE_INFO}", params=SELECTION, headers={"Last-Event-ID": unknown}).text
    assert text.startswith("event: stream-reset\ndata:\n\n")
    is_whole([event for event in parse(text.split("\n")) if event.data])


def test_a_malformed_cursor_counts_as_none(server: RunningServer) -> None:
    with httpx.Client() as client:
        text = client.get(f"{server.url}{BASE_INFO}", params=SELECTION, headers={"Last-Event-ID": "nonsense"}).text
    assert "stream-reset" not in text
    is_whole([event for event in parse(text.split("\n")) if event.data])


def test_an_impossible_number_of_a_running_generation_starts_no_second_one(slow_server: RunningServer) -> None:
    connection = stream(slow_server.url, sessionId="ahead", **SELECTION)
    first = next(connection)
    generation = first.id.rpartition(":")[0]
    replay = list(stream(slow_server.url, sessionId="ahead", last_event_id=f"{generation}:9999", **SELECTION))
    is_whole(replay)
    assert replay == of_all([first, *connection])


def test_two_clients_of_one_session_share_one_generation(slow_server: RunningServer) -> None:
    both = [Background(slow_server.url, sessionId="twice", **SELECTION) for _ in range(2)]
    one, two = (client.join() for client in both)
    is_whole(one)
    assert of_all(one) == of_all(two)


def test_people_who_ask_the_same_share_one_generation_and_keep_their_session(slow_server: RunningServer) -> None:
    clients = [Background(slow_server.url, sessionId=f"person{number}", **SELECTION) for number in range(5)]
    streams = [client.join() for client in clients]
    assert len({events[0].id for events in streams}) == 1
    assert [events[0].payload["sessionId"] for events in streams] == [f"person{number}" for number in range(5)]
    assert [events[1:] for events in streams] == [streams[0][1:]] * 5
    for number in range(5):
        assert [turn["answer"] for turn in told(slow_server, f"person{number}")] == [streams[0][-1].payload]


def test_a_session_is_not_given_the_same_challenge_while_others_remain(server: RunningServer) -> None:
    titles: list[str] = []
    for _ in range(2):
        close = list(stream(server.url, sessionId="curious", **SELECTION))[-1]
        titles += [challenge["title"] for challenge in close.payload["challenges"]]
    assert len(set(titles)) == 6


def test_bare_string_tokens(server: RunningServer) -> None:
    events = list(stream(server.url, tokens="text", **SELECTION))
    shown = [event.payload for event in events if event.name == "challenge"]
    assert all(isinstance(token, str) for token in shown)
    assert "".join(shown) == laid_out(events[-1].payload)


def test_bare_string_tokens_for_all() -> None:
    with RunningServer(env={"LEAFRESH_TOKEN_FORMAT": "text"}) as running:
        assert isinstance(list(stream(running.url, **SELECTION))[1].payload, str)
        assert isinstance(list(stream(running.url, tokens="object", **SELECTION))[1].payload, dict)


def test_lookup_names_of_the_seed_are_unambiguous() -> None:
    for kind in ("location", "work_type", "category"):
        folded = [lookup_name(name) for words in names(kind).values() for name in words]
        assert len(folded) == len(set(folded))
