"""Recommendations over a WebSocket, on a real server with a real client."""

import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, Background, laid_out, of_all, tokens
from tests.e2e.test_lifecycle import outcomes, until
from tests.e2e.websocket import Message, ask, close_code, events, opened, receive, rest, tell

FREE_TEXT = "/ai/chatbot/recommendation/free-text"
UNKNOWN = "generation-00000000-0000-4000-8000-000000000000:3"
NOTHING_TO_RESUME = {
    "event": "error",
    "data": {"status": 404, "message": "이어 받을 답변이 없습니다. 다시 요청해 주세요.", "data": None},
}


def test_the_events_are_those_of_a_stream_to_the_byte(slow_server: RunningServer) -> None:
    stream = Background(slow_server.url, sessionId="both", **SELECTION)
    with opened(slow_server, "both") as connection:
        tell(connection, "recommend", **SELECTION)
        heard = events(connection)
    assert of_all(heard) == of_all(stream.join())
    assert [event.number for event in heard] == list(range(1, len(heard) + 1))
    assert heard[0].payload["sessionId"] == "both"
    assert tokens(heard) == laid_out(heard[-1].payload)


def test_bare_string_tokens(slow_server: RunningServer) -> None:
    stream = Background(slow_server.url, sessionId="bare", tokens="text", **SELECTION)
    with opened(slow_server, "bare") as connection:
        tell(connection, "recommend", tokens="text", **SELECTION)
        heard = events(connection)
    assert of_all(heard) == of_all(stream.join())
    assert all(isinstance(event.payload, str) for event in heard if event.name == "challenge")


def test_each_message_of_an_answer_carries_its_request_id(server: RunningServer) -> None:
    with opened(server, "named") as connection:
        plain = ask(connection, "recommend", **SELECTION)
        last_id = plain[0].fields["id"]
        for named in (
            ask(connection, "recommend", requestId='a "name"', **SELECTION),
            ask(connection, "resume", requestId='a "name"', lastEventId=last_id),
            ask(connection, "resume", requestId='a "name"', lastEventId=UNKNOWN),
        ):
            assert {message.fields["requestId"] for message in named} == {'a "name"'}
    assert not any("requestId" in message.fields for message in plain)


def test_requests_are_answered_one_after_the_other(slow_server: RunningServer) -> None:
    categories = ["VEGAN", "PLOGGING", "MEDIA"]
    with opened(slow_server, "eager") as connection:
        for category in categories:
            tell(connection, "recommend", requestId=category, **{**SELECTION, "category": category})
        answers = [list(rest(connection)) for _ in categories]
    for category, messages in zip(categories, answers, strict=True):
        assert {message.fields["requestId"] for message in messages} == {category}
        assert messages[0].fields["data"]["data"]["category"]["key"] == category
        assert messages[-1].name == "close"
    assert outcomes(slow_server, "eager") == ["completed"] * 3


def test_too_many_requests_in_a_row(slow_server: RunningServer) -> None:
    with opened(slow_server, "greedy") as connection:
        for number in range(10):
            tell(connection, "recommend", requestId=str(number), **SELECTION)
        refused = next(message for message in rest(connection) if message.name == "error")
    assert refused.fields == {
        "event": "error",
        "requestId": "9",
        "retryAfter": 1,
        "data": {
            "status": 429,
            "message": "대기 중인 요청이 너무 많습니다. 앞의 답변이 끝난 뒤에 다시 보내 주세요.",
            "data": None,
        },
    }


@pytest.mark.parametrize("count", [0, 1, 2, 12, 20])
def test_a_stopped_answer_closes_with_what_was_complete(slow_server: RunningServer, count: int) -> None:
    session_id = f"ws-stopper{count}"
    with opened(slow_server, session_id) as connection:
        tell(connection, "recommend", **SELECTION)
        messages = [receive(connection) for _ in range(count)]
        tell(connection, "stop", requestId="enough")
        heard: list[Message] = []
        while len(heard) < 2:  # the outcome and the end come in either order
            message = receive(connection)
            (heard if message.name in {"stopped", "close"} else messages).append(message)
    stopped, close = sorted(heard, key=lambda message: message.name == "close")
    generation_id = messages[0].event.payload["generationId"]
    assert stopped.fields == {
        "event": "stopped",
        "requestId": "enough",
        "data": {"status": 200, "message": "성공", "data": {"generationId": generation_id, "outcome": "stopped"}},
    }
    answer = [message.event for message in [*messages, close]]
    assert answer[-1].payload["stopped"] is True
    assert tokens(answer) == laid_out(answer[-1].payload)
    assert outcomes(slow_server, session_id) == ["stopped"]


def test_stopping_what_is_over_unknown_or_nothing(server: RunningServer) -> None:
    with opened(server, "idle") as connection:
        nothing = {"event": "stopped", "data": {"status": 200, "message": "성공", "data": None}}
        tell(connection, "stop")
        assert receive(connection).fields == nothing
        generation_id = ask(connection, "recommend", **SELECTION)[0].event.payload["generationId"]
        tell(connection, "stop")
        assert receive(connection).fields == nothing
        tell(connection, "stop", generationId=generation_id)
        assert receive(connection).fields["data"]["data"] == {"generationId": generation_id, "outcome": "completed"}
        for unknown in ("00000000-0000-4000-8000-000000000000", "not-an-id"):
            tell(connection, "stop", generationId=unknown)
            assert receive(connection).fields["data"]["status"] == 404


def test_one_of_many_stops_for_itself_alone(slow_server: RunningServer) -> None:
    selection = {**SELECTION, "category": "ENERGY_SAVING"}
    with opened(slow_server, "ws-stays") as theirs, opened(slow_server, "ws-goes") as mine:
        tell(theirs, "recommend", **selection)
        first = receive(theirs).event
        tell(mine, "recommend", **selection)
        heard = [receive(mine).event for _ in range(8)]
        tell(mine, "stop")
        while (message := receive(mine)).name != "close":
            heard += [message.event] if message.name != "stopped" else []
        heard.append(message.event)
        others = [first, *events(theirs)]
    assert heard[0].id == others[0].id
    assert heard[-1].payload["stopped"] is True
    assert tokens(heard) == laid_out(heard[-1].payload)
    assert "stopped" not in others[-1].payload
    assert len(others[-1].payload["challenges"]) == 3


def test_resuming_at_every_cursor_gets_the_rest(slow_server: RunningServer) -> None:
    with opened(slow_server, "resumer") as connection:
        tell(connection, "recommend", **SELECTION)
        running = [receive(connection).event]
        with opened(slow_server, "resumer") as tab:  # while it runs
            tell(tab, "resume", lastEventId=running[0].id)
            resumed = events(tab)
        running += events(connection)
        assert resumed == running[1:]
        for seen, event in enumerate(running[:-1], start=1):
            tell(connection, "resume", lastEventId=event.id)
            assert events(connection) == running[seen:]
            tell(connection, "recommend", lastEventId=event.id, **SELECTION)
            assert events(connection) == running[seen:]
        for kind, fields in (("resume", {}), ("recommend", SELECTION)):
            (message,) = ask(connection, kind, lastEventId=running[-1].id, **fields)
            assert message.fields == {"event": "up-to-date"}
    assert outcomes(slow_server, "resumer") == ["completed"]


def test_resuming_what_is_unknown(server: RunningServer) -> None:
    with opened(server, "lost") as connection:
        for cursor in (UNKNOWN, "malformed"):
            messages = ask(connection, "resume", lastEventId=cursor)
            assert [message.fields for message in messages] == [{"event": "stream-reset"}, NOTHING_TO_RESUME]
        reset, *fresh = ask(connection, "recommend", lastEventId=UNKNOWN, **SELECTION)
        assert reset.fields == {"event": "stream-reset"}
        assert [fresh[0].name, fresh[-1].name] == ["start", "close"]
        malformed = ask(connection, "recommend", lastEventId="malformed", **SELECTION)
        assert [malformed[0].name, malformed[-1].name] == ["start", "close"]


def test_leaving_ends_the_generation_after_the_grace_period(hasty_server: RunningServer) -> None:
    with opened(hasty_server, "ws-leaver") as connection:
        tell(connection, "recommend", **SELECTION)
        first = receive(connection).event
    until(lambda: outcomes(hasty_server, "ws-leaver") == ["abandoned"])
    with opened(hasty_server, "ws-leaver") as connection:
        lost = ask(connection, "resume", lastEventId=first.id)
        assert [message.fields for message in lost] == [{"event": "stream-reset"}, NOTHING_TO_RESUME]


def test_a_connection_that_breaks_off_is_one_that_left(hasty_server: RunningServer) -> None:
    with opened(hasty_server, "ws-broken") as connection:
        tell(connection, "recommend", **SELECTION)
        receive(connection)
        connection.socket.shutdown(2)
        until(lambda: outcomes(hasty_server, "ws-broken") == ["abandoned"])


def test_coming_back_within_the_grace_period_loses_nothing(slow_server: RunningServer) -> None:
    with opened(slow_server, "ws-returner") as connection:
        tell(connection, "recommend", **SELECTION)
        heard = [receive(connection).event for _ in range(3)]
    with opened(slow_server, "ws-returner") as connection:
        tell(connection, "resume", lastEventId=heard[-1].id)
        heard += events(connection)
    assert [event.number for event in heard] == list(range(1, len(heard) + 1))
    assert tokens(heard) == laid_out(heard[-1].payload)
    assert outcomes(slow_server, "ws-returner") == ["completed"]


def test_two_tabs_of_a_session_share_an_answer_and_its_stop(slow_server: RunningServer) -> None:
    with opened(slow_server, "tabs") as one, opened(slow_server, "tabs") as two:
        tell(one, "recommend", **SELECTION)
        first = [receive(one).event for _ in range(4)]
        tell(two, "recommend", **SELECTION)
        second = [receive(two).event for _ in range(4)]
        tell(two, "stop", generationId=first[0].payload["generationId"])
        first += events(one)
        second += [message.event for message in rest(two) if message.name != "stopped"]
    assert of_all(first) == of_all(second)
    assert first[-1].payload["stopped"] is True


def test_a_restarted_server_closes_websockets_and_answers_old_cursors() -> None:
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15"}) as before:
        with opened(before, "old") as connection, opened(before, "cut") as running, opened(before, "quiet") as quiet:
            done = [message.event for message in ask(connection, "recommend", **SELECTION)]
            tell(running, "recommend", **SELECTION)
            cut = receive(running).event
            assert before.stop() == 0
            assert [close_code(each) for each in (connection, running, quiet)] == [(1012, "restarting")] * 3
        assert "Traceback" not in before.output
        with (
            RunningServer(data_dir=before.data_dir, port=before.port) as after,
            opened(after, "old") as connection,
            opened(after, "cut") as other,
        ):
            tell(connection, "resume", lastEventId=done[3].id)
            assert events(connection) == [done[-1]]
            (message,) = ask(connection, "resume", lastEventId=done[-1].id)
            assert message.fields == {"event": "up-to-date"}
            lost = ask(other, "resume", lastEventId=cut.id)
            assert [message.fields for message in lost] == [{"event": "stream-reset"}, NOTHING_TO_RESUME]
            reset, *again = ask(other, "recommend", lastEventId=cut.id, **SELECTION)
            assert reset.fields == {"event": "stream-reset"}
            assert (again[0].name, again[-1].name) == ("start", "close")


def test_limits_of_requests_are_those_of_the_api() -> None:
    with RunningServer(env={"LEAFRESH_SESSION_RATE": "2/m"}) as server, opened(server, "often") as connection:
        first = ask(connection, "recommend", **SELECTION)
        owner = {"sessionId": "often", "sessionToken": first[0].fields["data"]["data"]["sessionToken"]}
        assert httpx.post(f"{server.url}{BASE_INFO}", json={**SELECTION, **owner}).status_code == 200
        (refused,) = ask(connection, "recommend", **SELECTION)
        assert refused.fields["data"]["status"] == 429
        assert 0 < refused.fields["retryAfter"] <= 60
        assert ask(connection, "resume", lastEventId=first[0].event.id)[-1].name == "close"


def test_a_stop_counts_in_the_rate_of_its_address() -> None:
    with RunningServer(env={"LEAFRESH_ADDRESS_RATE": "2/m"}) as server, opened(server, "restless") as connection:
        tell(connection, "stop")
        assert receive(connection).fields["data"]["data"] is None  # stops nothing, and is not counted
        answer = ask(connection, "recommend", **SELECTION)
        generation_id = answer[0].fields["data"]["data"]["generationId"]
        tell(connection, "stop", generationId=generation_id)
        outcome = {"generationId": generation_id, "outcome": "completed"}
        assert receive(connection).fields["data"] == {"status": 200, "message": "성공", "data": outcome}
        tell(connection, "stop", requestId="again", generationId=generation_id)
        refused = receive(connection).fields
        assert (refused["event"], refused["requestId"], refused["data"]["status"]) == ("error", "again", 429)
        assert 0 < refused["retryAfter"] <= 60
        stop = f"{server.url}/api/chatbot/generations/{generation_id}/stop"
        assert httpx.post(stop, params={"sessionId": "restless"}).status_code == 429


REFUSED: list[dict[str, Any]] = [
    {},
    {**SELECTION, "location": " "},
    {**SELECTION, "workType": None},
    {**SELECTION, "category": "없는 것"},
    {**SELECTION, "location": "?", "category": "?"},
    {**SELECTION, "location": 1, "category": ["비건"]},
    {**SELECTION, "category": "\ud800"},
]


@pytest.mark.parametrize("fields", REFUSED)
def test_errors_before_an_answer_are_those_of_the_api(server: RunningServer, fields: dict[str, Any]) -> None:
    body, headers = json.dumps(fields), {"Content-Type": "application/json"}
    over_http = httpx.post(f"{server.url}{BASE_INFO}", content=body, headers=headers)
    with opened(server, "wrong") as connection:
        (message,) = ask(connection, "recommend", **fields)
        assert message.fields == {"event": "error", "data": over_http.json()}
        assert over_http.status_code == message.fields["data"]["status"]
        assert ask(connection, "recommend", **SELECTION)[-1].name == "close"


UNREADABLE: list[tuple[str | bytes, int, str]] = [
    ("", 400, "메시지가 올바른 JSON이 아닙니다."),
    ("{", 400, "메시지가 올바른 JSON이 아닙니다."),
    ("[" * 8000, 400, "메시지가 올바른 JSON이 아닙니다."),
    ("1" * 8000, 400, "메시지가 올바른 JSON이 아닙니다."),
    ("[]", 400, "메시지는 JSON 객체여야 합니다."),
    ('"stop"', 400, "메시지는 JSON 객체여야 합니다."),
    (b'{"type":"stop"}', 400, "바이너리 메시지는 지원하지 않습니다. JSON 텍스트로 보내 주세요."),
    (b"\xff", 400, "바이너리 메시지는 지원하지 않습니다. JSON 텍스트로 보내 주세요."),
    ("{}", 400, "type은 필수입니다."),
    ('{"type":"shout"}', 400, "알 수 없는 type입니다. recommend, say, resume, stop 중 하나여야 합니다."),
    ('{"type":["stop"]}', 400, "알 수 없는 type입니다. recommend, say, resume, stop 중 하나여야 합니다."),
    ('{"type":"resume"}', 400, "lastEventId는 필수입니다."),
    ('{"type":"stop","generationId":7}', 400, "문자열이 아닌 값이 포함되어 있습니다."),
    ('{"type":"stop","requestId":7}', 422, "requestId는 ASCII 문자 1자 이상 64자 이하여야 합니다."),
    ('{"type":"stop","requestId":""}', 422, "requestId는 ASCII 문자 1자 이상 64자 이하여야 합니다."),
    ('{"type":"stop","requestId":"\\ud800"}', 422, "requestId는 ASCII 문자 1자 이상 64자 이하여야 합니다."),
]


@pytest.mark.parametrize(("sent", "status", "said"), UNREADABLE)
def test_a_message_without_sense(server: RunningServer, sent: str | bytes, status: int, said: str) -> None:
    with opened(server, "puzzling") as connection:
        connection.send(sent)
        message = receive(connection).fields
        assert (message["event"], message["data"]["status"], message["data"]["message"]) == ("error", status, said)
        tell(connection, "stop", requestId="still here")
        assert receive(connection).fields["requestId"] == "still here"


@pytest.mark.parametrize("fragments", [["x" * 9000], ["x" * 5000, "x" * 5000], ["é" * 4097]])
def test_a_message_that_is_too_large(server: RunningServer, fragments: list[str]) -> None:
    with opened(server, "large") as connection:
        with suppress(ConnectionClosed):  # it may be closed before the last piece is sent
            connection.send(iter(fragments) if len(fragments) > 1 else fragments[0])
        assert close_code(connection)[0] == 1009


def test_the_largest_message(server: RunningServer) -> None:
    with opened(server, "large") as connection:
        connection.send(" " * 8175 + '{"type":"stop"}'.rjust(17))
        assert receive(connection).name == "stopped"


@pytest.mark.parametrize("session_id", ["a b", "\n", "가", "x" * 129])
def test_a_malformed_session(server: RunningServer, session_id: str) -> None:
    with opened(server, session_id) as connection:
        code = (4400, "sessionId는 공백 없는 ASCII 문자 1자 이상 128자 이하여야 합니다.")
        assert close_code(connection) == code


@pytest.mark.parametrize("session_id", ["a/b", "a%2Fb", "%25", "?x=1#y", "x" * 128])
def test_a_session_is_decoded_once(server: RunningServer, session_id: str) -> None:
    with opened(server, session_id) as connection:
        assert ask(connection, "recommend", **SELECTION)[0].event.payload["sessionId"] == session_id


def test_a_session_is_made_when_there_is_none(server: RunningServer) -> None:
    with opened(server) as connection:
        made = [ask(connection, "recommend", **SELECTION)[0].event.payload["sessionId"] for _ in range(2)]
    assert made[0] == made[1] != ""


ALLOWED_ORIGINS = ["http://localhost:{port}", "http://127.0.0.1:{port}", "https://leafresh.example", None]
OTHER_ORIGINS = [
    "http://localhost:1234",
    "http://localhost",
    "https://127.0.0.1",
    "https://evil.example",
    "https://leafresh.example:8443",
    "http://leafresh.example",
    "https://leafresh.example.evil.example",
    "null",
]
NO_ORIGINS = ["http://[", "http://localhost:99999", "localhost"]


def refusal(server: RunningServer, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refused:
        opened(server, "page", **options)
    return refused.value.response.status_code


def test_pages_of_other_origins_are_refused() -> None:
    with RunningServer(env={"LEAFRESH_CORS_ORIGINS": "https://leafresh.example"}) as server:
        for origin in ALLOWED_ORIGINS:
            page = origin and origin.format(port=server.port)
            with opened(server, "page", origin=page) as connection:
                assert ask(connection, "recommend", **SELECTION)[-1].name == "close"
        assert [refusal(server, origin=origin) for origin in OTHER_ORIGINS] == [403] * len(OTHER_ORIGINS)
        assert [refusal(server, origin=origin) for origin in NO_ORIGINS] == [400] * len(NO_ORIGINS)
        assert not [line for line in server.output.splitlines() if "ERROR" in line or "Traceback" in line]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a_b", ""])
def test_other_hosts_are_refused(server: RunningServer, host: str) -> None:
    assert httpx.get(f"{server.url}/ws/chatbot/x", headers=upgrade(host)).status_code in {400, 403}


def test_other_paths_are_refused(server: RunningServer) -> None:
    for path in ("/ws/", "/ws/chatbot", "/", "/ws/chatbotx/"):
        assert httpx.get(f"{server.url}{path}", headers=upgrade("localhost")).status_code == 403
    assert "Traceback" not in server.output


def upgrade(host: str) -> dict[str, str]:
    """The headers of a WebSocket's handshake."""
    return {
        "Host": host,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }


def test_nothing_is_compressed(server: RunningServer) -> None:
    with opened(server, "plain") as connection:
        assert connection.response is not None
        assert "Sec-WebSocket-Extensions" not in connection.response.headers


def test_what_a_person_says_is_answered_as_in_a_stream(slow_server: RunningServer) -> None:
    said = {"message": "사무실에서 할 만한 비건 챌린지 추천해줘"}
    with opened(slow_server, "talkative") as connection:
        stream = Background(slow_server.url, path=FREE_TEXT, sessionId="talkative", **said)
        tell(connection, "say", **said)
        heard = events(connection)
        assert of_all(heard) == of_all(stream.join())
        given = {challenge["title"] for challenge in heard[-1].payload["challenges"]}
        tell(connection, "say", message="다른 거 없어?")
        others = events(connection)[-1].payload["challenges"]
    assert len(given) == len(others) == 3
    assert not given & {challenge["title"] for challenge in others}


SPOKEN: list[dict[str, Any]] = [{}, {"message": " "}, {"message": "아"}, {"message": "가" * 501}, {"message": ["안녕"]}]


@pytest.mark.parametrize("fields", SPOKEN)
def test_messages_that_are_refused_are_those_of_the_api(server: RunningServer, fields: dict[str, Any]) -> None:
    over_http = httpx.post(f"{server.url}{FREE_TEXT}", json=fields)
    with opened(server, "wrong") as connection:
        (message,) = ask(connection, "say", **fields)
        assert message.fields == {"event": "error", "data": over_http.json()}
