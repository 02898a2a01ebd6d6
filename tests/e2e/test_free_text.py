"""Messages over the wire protocol, with a real server and real connections."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import httpx
import pytest

from tests.e2e.conversations import make_readable, told
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, Background, Event, laid_out, stream, tokens

FREE_TEXT = "/ai/chatbot/recommendation/free-text"


def say(server: RunningServer, message: str, session: str, **options: Any) -> list[Event]:
    return list(stream(server.url, path=FREE_TEXT, message=message, sessionId=session, **options))


def pick(server: RunningServer, session: str) -> list[Event]:
    return list(stream(server.url, path=BASE_INFO, sessionId=session, **SELECTION))


def titles(events: list[Event]) -> list[str]:
    return [challenge["title"] for challenge in events[-1].payload["challenges"]]


def numbered_to_the_end(events: list[Event]) -> None:
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert [event.name for event in events if event.name in {"close", "error"}] == ["close"]
    assert tokens(events) == laid_out(events[-1].payload)


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as opened:
        yield opened


def test_a_recommendation_looks_like_that_of_a_selection(server: RunningServer) -> None:
    pick(server, "shape")
    events = say(server, "플로깅으로 바꿔줘", "shape")
    numbered_to_the_end(events)
    start = events[0].payload
    assert {**start, "generationId": ""} == {
        "generationId": "",
        "sessionId": "shape",
        "category": {"key": "PLOGGING", "label": "플로깅"},
        "promptVersion": "free-text@1",
        "source": "catalog",
    }
    assert events[1].envelope == {
        "status": 200,
        "message": "알림",
        "data": {
            "kind": "category-changed",
            "from": {"key": "VEGAN", "label": "비건"},
            "to": {"key": "PLOGGING", "label": "플로깅"},
            "undo": "비건으로 바꿔줘",
        },
    }
    close = events[-1]
    assert (close.envelope["message"], close.payload["kind"]) == ("모든 챌린지 추천 완료", "recommendation")
    assert [event.payload["title"] for event in events if event.name == "item"] == titles(events)
    assert {challenge["label"] for challenge in close.payload["challenges"]} == {"플로깅"}


def test_other_kinds_say_all_in_their_sentence(server: RunningServer) -> None:
    for message, kind in (("고마워요", "smalltalk"), ("시발", "declined"), ("죽고 싶어요", "help")):
        events = say(server, message, "kinds")
        numbered_to_the_end(events)
        assert (events[-1].payload["kind"], events[-1].payload["challenges"]) == (kind, [])
        assert events[-1].envelope["message"] == "답변 완료"
        assert [event.name for event in events if event.name == "item"] == []


def test_the_finished_answer_by_post(server: RunningServer, client: httpx.Client) -> None:
    response = client.post(f"{server.url}{FREE_TEXT}", json={"message": "비건 추천해줘", "sessionId": "post"})
    envelope = response.json()
    assert (response.status_code, envelope["status"], envelope["message"]) == (200, 200, "모든 챌린지 추천 완료")
    assert set(envelope["data"]) == {"kind", "recommend", "challenges"}
    assert "비건" in envelope["data"]["recommend"]
    assert response.headers["x-leafresh-session"] == "post"
    streamed = client.post(
        f"{server.url}{FREE_TEXT}",
        json={"message": "다른 거", "sessionId": "post"},
        headers={"Accept": "text/event-stream"},
    )
    assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "event: close" in streamed.text


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({}, 400, "message는 필수입니다."),
        ({"message": "  "}, 400, "message는 필수입니다."),
        ({"message": "네"}, 422, "message는 보이는 글자로 2자 이상, 모두 500자 이하여야 합니다."),
        ({"message": "가" * 501}, 422, "message는 보이는 글자로 2자 이상, 모두 500자 이하여야 합니다."),
        (
            {"message": "다른 거", "sessionId": "세션"},
            422,
            "sessionId는 공백 없는 ASCII 문자 1자 이상 128자 이하여야 합니다.",
        ),
    ],
)
def test_what_cannot_be_answered(
    server: RunningServer, query: dict[str, Any], status: int, message: str, client: httpx.Client
) -> None:
    plain = client.get(f"{server.url}{FREE_TEXT}", params=query)
    assert (plain.status_code, plain.json()) == (status, {"status": status, "message": message, "data": None})
    posted = client.post(f"{server.url}{FREE_TEXT}", json=query)
    assert (posted.status_code, posted.json()) == (plain.status_code, plain.json())
    events = list(stream(server.url, path=FREE_TEXT, **query))
    assert [(event.name, event.envelope) for event in events] == [("error", plain.json())]


def test_a_reconnect_gets_the_rest_and_asks_nothing_twice(slow_server: RunningServer) -> None:
    session = "says-once"
    beginning = list(islice(stream(slow_server.url, path=FREE_TEXT, message="비건 추천해줘", sessionId=session), 4))
    rest = say(slow_server, "비건 추천해줘", session, last_event_id=beginning[-1].id)
    whole = beginning + rest
    numbered_to_the_end(whole)
    turns = told(slow_server, session)
    assert [turn["request"]["message"] for turn in turns] == ["비건 추천해줘"]


def test_a_message_is_stopped_as_a_selection_is(slow_server: RunningServer, client: httpx.Client) -> None:
    asked: dict[str, Any] = {"message": "비건 추천해줘", "sessionId": "stops-its-message"}
    running = stream(slow_server.url, path=FREE_TEXT, **asked)
    first = next(running)
    client.post(f"{slow_server.url}/api/chatbot/generations/{first.payload['generationId']}/stop")
    events = [first, *running]
    numbered_to_the_end(events)
    assert events[-1].payload["stopped"] is True
    again = say(slow_server, "비건 추천해줘", "stops-its-message")
    assert len(titles(again)) == 3


def test_a_conversation_goes_on_after_a_restart() -> None:
    with RunningServer() as first:
        given = titles(pick(first, "s")) + titles(say(first, "플로깅은 어때?", "s"))
        first.stop()
        with RunningServer(data_dir=first.data_dir) as second:
            explained = say(second, "2번 자세히", "s")
            assert given[4] in explained[-1].payload["recommend"]
            back = say(second, "원래 걸로", "s")
            assert back[0].payload["category"]["key"] == "VEGAN"
            assert not set(titles(back)) & set(given)
            second.stop()


def test_two_tabs_talk_at_once(slow_server: RunningServer) -> None:
    pick(slow_server, "talking-tabs")
    asked = ("다른 거 없어?", "더 쉬운 거", "플로깅으로 바꿔줘", "고마워")
    tabs = [Background(slow_server.url, path=FREE_TEXT, message=each, sessionId="talking-tabs") for each in asked]
    answers = [tab.join() for tab in tabs]
    for events in answers:
        numbered_to_the_end(events)
    assert [events[-1].payload["kind"] for events in answers] == [*["recommendation"] * 3, "smalltalk"]
    turns = told(slow_server, "talking-tabs")
    assert sorted(turn["request"]["message"] for turn in turns[1:]) == sorted(asked)
    assert {turn["outcome"] for turn in turns} == {"completed"}


def test_a_forgotten_conversation_is_gone_from_the_database(server: RunningServer, client: httpx.Client) -> None:
    pick(server, "gone")
    say(server, "내 비밀은 무지개텀블러야 알려줘", "gone")
    make_readable(server, "gone")
    assert client.delete(f"{server.url}/api/chatbot/sessions/gone").status_code == 200
    assert client.get(f"{server.url}/api/chatbot/sessions/gone").json()["data"]["turns"] == []
    assert "무지개텀블러" not in server.output
    fresh = say(server, "원래 걸로", "gone")
    assert fresh[-1].payload["kind"] == "recommendation"
