"""Abandoned, stopped, shared and interrupted generations on a real server."""

import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import pytest

from tests.e2e.conversations import make_readable, told
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, Background, laid_out, of_all, stream, tokens
from tests.e2e.websocket import opened, receive, tell

WAIT_SECONDS = 60


def until(condition: Callable[[], Any]) -> Any:
    """Waits until the condition returns a true value, and returns it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return value


def turns(server: RunningServer, session_id: str) -> list[dict[str, Any]]:
    return told(server, session_id)


def outcomes(server: RunningServer, session_id: str) -> list[str]:
    return [turn["outcome"] for turn in turns(server, session_id)]


def stop(server: RunningServer, generation_id: str, **query: str) -> httpx.Response:
    return httpx.post(f"{server.url}/api/chatbot/generations/{generation_id}/stop", params=query)


def test_leaving_ends_the_generation_after_the_grace_period(hasty_server: RunningServer) -> None:
    connection = stream(hasty_server.url, sessionId="leaver", **SELECTION)
    first = next(connection)
    connection.close()
    until(lambda: outcomes(hasty_server, "leaver") == ["abandoned"])
    again = list(stream(hasty_server.url, sessionId="leaver", last_event_id=first.id, **SELECTION))
    assert again[0].name == "start"
    assert again[0].id != first.id
    assert outcomes(hasty_server, "leaver") == ["completed"]  # the attempt that was left is not shown beside it


def test_coming_back_within_the_grace_period_loses_nothing(slow_server: RunningServer) -> None:
    connection = stream(slow_server.url, sessionId="returner", **SELECTION)
    events = [next(connection), next(connection)]
    connection.close()
    time.sleep(0.3)
    events += stream(slow_server.url, sessionId="returner", last_event_id=events[-1].id, **SELECTION)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    assert tokens(events) == laid_out(events[-1].payload)
    assert outcomes(slow_server, "returner") == ["completed"]


def test_the_same_request_joins_from_the_first_event(slow_server: RunningServer) -> None:
    connection = stream(slow_server.url, sessionId="reloader", **SELECTION)
    seen = [next(connection) for _ in range(5)]
    reloaded = list(stream(slow_server.url, sessionId="reloader", **SELECTION))
    assert reloaded == of_all([*seen, *connection])


@pytest.mark.parametrize("count", [2, 12, 20])
def test_a_stopped_stream_closes_with_what_was_complete(slow_server: RunningServer, count: int) -> None:
    alone = {**SELECTION, "location": {2: "beach", 12: "mountain", 20: "rural"}[count]}  # no session shares the answer
    connection = stream(slow_server.url, sessionId=f"stopper{count}", **alone)
    events = [next(connection) for _ in range(count)]
    generation_id = events[0].payload["generationId"]
    answered = stop(slow_server, generation_id)
    assert answered.json() == {
        "status": 200,
        "message": "성공",
        "data": {"generationId": generation_id, "outcome": "stopped"},
    }
    events += connection
    close = events[-1]
    assert (close.name, close.envelope["message"], close.payload["stopped"]) == ("close", "추천을 멈췄습니다.", True)
    assert tokens(events) == laid_out(close.payload)
    items = [event.payload["title"] for event in events if event.name == "item"]
    assert [challenge["title"] for challenge in close.payload["challenges"]] == items
    assert stop(slow_server, generation_id).json()["data"]["outcome"] == "stopped"


def test_stopping_what_is_over_or_unknown(server: RunningServer) -> None:
    start, *_ = stream(server.url, **SELECTION)
    assert stop(server, start.payload["generationId"]).json()["data"]["outcome"] == "completed"
    unknown = stop(server, "00000000-0000-4000-8000-000000000000")
    assert (unknown.status_code, unknown.json()["data"]) == (404, None)
    assert stop(server, "not-an-id").status_code == 404


def test_one_of_many_stops_for_itself_alone(slow_server: RunningServer) -> None:
    selection = {**SELECTION, "category": "PLOGGING"}
    other = Background(slow_server.url, sessionId="stays", **selection)
    connection = stream(slow_server.url, sessionId="goes", **selection)
    mine = [next(connection) for _ in range(8)]
    assert stop(slow_server, mine[0].payload["generationId"], sessionId="goes").json()["data"]["outcome"] == "stopped"
    mine += connection
    theirs = other.join()
    assert (mine[-1].name, mine[-1].payload["stopped"]) == ("close", True)
    assert tokens(mine) == laid_out(mine[-1].payload)
    assert [event.number for event in mine] == list(range(1, len(mine) + 1))
    assert "stopped" not in theirs[-1].payload
    assert len(theirs[-1].payload["challenges"]) == 3
    assert mine[0].id == theirs[0].id


def test_asking_again_after_stopping_a_shared_generation_starts_another(slow_server: RunningServer) -> None:
    selection = {**SELECTION, "category": "UPCYCLING"}
    other = Background(slow_server.url, sessionId="patient", **selection)
    connection = stream(slow_server.url, sessionId="restless", **selection)
    mine = [next(connection) for _ in range(4)]
    stop(slow_server, mine[0].payload["generationId"], sessionId="restless")
    again = list(stream(slow_server.url, sessionId="restless", **selection))
    assert again[0].id != mine[0].id
    assert "stopped" not in again[-1].payload
    assert other.join()[0].id == mine[0].id
    connection.close()


def test_forgetting_a_session_ends_what_runs_and_erases_everything(slow_server: RunningServer) -> None:
    connection = stream(slow_server.url, sessionId="forgetful", **SELECTION)
    first = next(connection)
    address = f"{slow_server.url}/api/chatbot/sessions/forgetful"
    make_readable(slow_server, "forgetful")
    assert httpx.delete(address).json() == {"status": 200, "message": "대화를 삭제했습니다.", "data": None}
    assert [event.name for event in connection][-1:] in ([], ["close"])
    assert httpx.get(address).json()["data"]["turns"] == []
    generation_id = first.payload["generationId"]
    assert stop(slow_server, generation_id).status_code == 404
    assert httpx.delete(address).status_code == 200
    reset = stream(slow_server.url, sessionId="forgetful", last_event_id=first.id, **SELECTION)
    assert next(reset).payload["generationId"] != generation_id


def test_a_restarted_server_answers_old_cursors() -> None:
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15"}, fresh=True) as before:
        done = list(stream(before.url, sessionId="old", **SELECTION))
        running = stream(before.url, sessionId="cut", **SELECTION)
        cut = next(running)
        assert before.stop() == 0
        running.close()
        assert "Traceback" not in before.output
        with RunningServer(data_dir=before.data_dir, port=before.port, fresh=True) as after:
            middle = done[3].id
            assert list(stream(after.url, sessionId="old", last_event_id=middle, **SELECTION)) == [done[-1]]
            at_the_end = httpx.get(f"{after.url}{BASE_INFO}", params=SELECTION, headers={"Last-Event-ID": done[-1].id})
            assert at_the_end.status_code == 204
            assert outcomes(after, "cut") == ["interrupted"]
            again = list(stream(after.url, sessionId="cut", last_event_id=cut.id, **SELECTION))
            assert (again[0].name, again[-1].name) == ("start", "close")
            assert again[0].id != cut.id


def test_a_process_alone_stops_at_once_for_whom_nobody_can_hear() -> None:
    """Its WebSockets are closed, and its port is: what is still written for them is not waited for."""
    pace = {"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "60", "LEAFRESH_DRAIN_SECONDS": "20", "REDIS_URL": ""}
    with RunningServer(env=pace, fresh=True) as server, opened(server, "talks") as connection:
        tell(connection, "recommend", **SELECTION)
        receive(connection)
        assert server.stop() == 0
        assert server.sql("SELECT outcome FROM chatbot_generation") == [("interrupted",)]


def test_too_many_generations_at_once_are_refused_with_a_time_to_come_back() -> None:
    env = {"LEAFRESH_MAX_GENERATIONS": "1", "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15"}
    with RunningServer(env=env) as server:
        first = stream(server.url, sessionId="first", **SELECTION)
        next(first)
        refused = httpx.post(f"{server.url}{BASE_INFO}", json={**SELECTION, "category": "PLOGGING"})
        assert (refused.status_code, refused.headers["retry-after"], refused.json()["data"]) == (503, "5", None)
        joined = httpx.post(f"{server.url}{BASE_INFO}", json=SELECTION)
        assert joined.status_code == 200
        assert list(first)[-1].name == "close"
        assert httpx.post(f"{server.url}{BASE_INFO}", json={**SELECTION, "category": "PLOGGING"}).status_code == 200


def test_a_client_that_stops_reading_costs_a_bounded_amount(server: RunningServer) -> None:
    """It asks again and again on one connection and reads nothing: what waits for it must not pile up."""
    path = httpx.URL(f"{server.url}{BASE_INFO}", params=SELECTION).raw_path.decode()
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
    process = psutil.Process(server.pid)
    list(stream(server.url, **SELECTION))
    with socket.create_connection(("127.0.0.1", server.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(2)
        before = process.memory_info().rss
        try:
            for _ in range(2000):
                deaf.sendall(request)
        except TimeoutError:
            pass  # the server no longer takes what it cannot answer
        until(lambda: len(list(stream(server.url, **SELECTION))) > 3)
        time.sleep(3)
        grown = process.memory_info().rss - before
    assert grown < 40 * 1024 * 1024
    assert list(stream(server.url, **SELECTION))[-1].name == "close"
