"""Bad requests to a real server: the documented envelope for every kind of client, and one line in the log."""

import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from django.conf import settings

from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION, parse

EVENTS = {"Accept": "text/event-stream"}

Envelope = dict[str, Any]


def envelope(status: int, message: str, data: Any = None) -> Envelope:
    return {"status": status, "message": message, "data": data}


UNKNOWN = "유효하지 않은 선택 항목이 포함되어 있습니다."
SESSION = "sessionId는 공백 없는 ASCII 문자 1자 이상 128자 이하여야 합니다."


def without(field: str) -> dict[str, str]:
    return {name: value for name, value in SELECTION.items() if name != field}


BAD_SELECTIONS = [
    (without("location"), envelope(400, "location은 필수입니다.")),
    (without("workType"), envelope(400, "workType은 필수입니다.")),
    (without("category"), envelope(400, "category는 필수입니다.")),
    ({**SELECTION, "location": ""}, envelope(400, "location은 필수입니다.")),
    ({**SELECTION, "category": " \t"}, envelope(400, "category는 필수입니다.")),
    ({}, envelope(400, "location은 필수입니다.")),
    ({**SELECTION, "category": "우주"}, envelope(400, UNKNOWN, {"invalidFields": ["category"]})),
    (
        {"location": "달", "workType": "우주인", "category": "은하"},
        envelope(400, UNKNOWN, {"invalidFields": ["location", "workType", "category"]}),
    ),
    ({**SELECTION, "location": quote("도시")}, envelope(400, UNKNOWN, {"invalidFields": ["location"]})),
    ({**SELECTION, "workType": "가" * 1000}, envelope(400, UNKNOWN, {"invalidFields": ["workType"]})),
    ({**SELECTION, "category": "VEGAN\x00"}, envelope(400, UNKNOWN, {"invalidFields": ["category"]})),
    ({**SELECTION, "sessionId": "s" * 129}, envelope(422, SESSION)),
    ({**SELECTION, "sessionId": "세션"}, envelope(422, SESSION)),
    ({**SELECTION, "sessionId": "a b"}, envelope(422, SESSION)),
    ({**SELECTION, "sessionId": "a\nb"}, envelope(422, SESSION)),
]


def single_error(response: httpx.Response) -> Envelope:
    """The envelope of a stream that is one ``error`` event and nothing else."""
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    (event,) = parse(response.text.split("\n"))
    assert (event.name, event.id) == ("error", "")
    return event.envelope


def json_error(response: httpx.Response) -> Envelope:
    """The envelope of a JSON response, which repeats the HTTP status."""
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert "\\u" not in response.text
    value: Envelope = response.json()
    assert value["status"] == response.status_code
    return value


@pytest.mark.parametrize(("selection", "expected"), BAD_SELECTIONS)
def test_a_bad_selection(server: RunningServer, selection: dict[str, str], expected: Envelope) -> None:
    url = f"{server.url}{BASE_INFO}"
    with httpx.Client() as client:
        assert json_error(client.get(url, params=selection)) == expected
        assert json_error(client.post(url, json=selection)) == expected
        assert single_error(client.get(url, params=selection, headers=EVENTS)) == expected
        assert single_error(client.post(url, json=selection, headers=EVENTS)) == expected


NOT_JSON = envelope(400, "요청 본문이 올바른 JSON이 아닙니다.")
NO_OBJECT = envelope(400, "요청 본문은 JSON 객체여야 합니다.")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", NO_OBJECT),
        (b"[]", NO_OBJECT),
        (b'"text"', NO_OBJECT),
        (b"null", NO_OBJECT),
        (b"{", NOT_JSON),
        (b"location=1", NOT_JSON),
        (b"\xff\xfe{}", NOT_JSON),
        (b"[" * 100_000, NOT_JSON),
        (b'{"location": 5}', envelope(400, "문자열이 아닌 값이 포함되어 있습니다.", {"invalidFields": ["location"]})),
        (b"x" * 3_000_000, envelope(413, "요청 본문이 너무 큽니다.")),
    ],
)
def test_a_bad_body(server: RunningServer, body: bytes, expected: Envelope) -> None:
    url = f"{server.url}{BASE_INFO}"
    json_type = {"Content-Type": "application/json"}
    with httpx.Client() as client:
        assert json_error(client.post(url, content=body, headers=json_type)) == expected
        assert single_error(client.post(url, content=body, headers={**json_type, **EVENTS})) == expected


@pytest.mark.parametrize("path", [BASE_INFO, "/api/chatbot/recommendation/base-info"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_wrong_method(server: RunningServer, method: str, path: str) -> None:
    response = httpx.request(method, f"{server.url}{path}", params=SELECTION)
    assert json_error(response) == envelope(405, "이 주소에서 지원하지 않는 메서드입니다.")
    assert set(response.headers["allow"].split(", ")) == {"GET", "POST"}
    streamed = httpx.request(method, f"{server.url}{path}", params=SELECTION, headers=EVENTS)
    assert single_error(streamed) == envelope(405, "이 주소에서 지원하지 않는 메서드입니다.")


@pytest.mark.parametrize(
    "oversized",
    [
        {"params": {**SELECTION, "location": "a" * 17_000}},
        {"params": SELECTION, "headers": {"Last-Event-ID": "x" * 17_000}},
    ],
)
def test_a_request_that_is_too_long_for_the_server(server: RunningServer, oversized: dict[str, Any]) -> None:
    response = httpx.get(f"{server.url}{BASE_INFO}", **oversized)
    assert json_error(response) == envelope(431, "요청 주소나 헤더가 너무 깁니다. 16킬로바이트 이하로 줄여 주세요.")


def test_an_unknown_address(server: RunningServer) -> None:
    assert json_error(httpx.get(f"{server.url}/api/nothing")) == envelope(404, "요청한 주소를 찾을 수 없습니다.")
    assert single_error(httpx.get(f"{server.url}/ai/nothing", headers=EVENTS))["status"] == 404


def test_a_host_that_is_not_allowed_is_told_the_remedy(server: RunningServer) -> None:
    response = httpx.get(f"{server.url}{BASE_INFO}", params=SELECTION, headers={"Host": "chat.example.com"})
    assert json_error(response)["message"].endswith("LEAFRESH_ALLOWED_HOSTS에 이 주소를 추가해 주세요.")


def test_the_session_routes_check_the_session_id(server: RunningServer) -> None:
    for method in ("GET", "DELETE"):
        response = httpx.request(method, f"{server.url}/api/chatbot/sessions/{'s' * 129}")
        assert json_error(response) == envelope(422, SESSION)


def test_library_parameters_change_nothing(server: RunningServer) -> None:
    """django-eventstream would act on these if it saw them."""
    tricky = {"channel": "other", "es-meta": "x", "recover": "true", "link": "next", "lastEventId": "generation-x:1"}
    response = httpx.get(f"{server.url}{BASE_INFO}", params={**SELECTION, **tricky})
    assert response.text.endswith("\n\n")
    assert "event: close" in response.text


def test_a_bad_request_leaves_one_line_in_the_log(server: RunningServer) -> None:
    requests: list[tuple[str, dict[str, Any]]] = [
        ("GET", {"params": {}}),
        ("GET", {"params": {}, "headers": EVENTS}),
        ("POST", {"content": b"{"}),
        ("PUT", {}),
        ("GET", {"params": SELECTION, "headers": {"Host": "evil.example"}}),
    ]
    for method, options in requests:
        before = len(server.output.splitlines())
        httpx.request(method, f"{server.url}{BASE_INFO}", **options)
        lines = server.output.splitlines()[before:]
        assert len(lines) == 1, lines
        assert f"leafresh.access {method} {BASE_INFO} " in lines[0]


def test_what_people_write_is_not_logged(server: RunningServer) -> None:
    httpx.get(f"{server.url}{BASE_INFO}", params={**SELECTION, "sessionId": "my-secret-session"})
    for path in ("%73essions/", "sessions%2F", "/sessions/", "Sessions/"):
        httpx.get(f"{server.url}/api/chatbot/{path}my-secret-session")
    assert "my-secret-session" not in server.output


def test_health_and_options(server: RunningServer) -> None:
    assert httpx.get(f"{server.url}/health").json() == envelope(200, "정상", {"database": "ok"})
    options = json_error(httpx.get(f"{server.url}/api/challenges/options"))["data"]
    assert [option["key"] for option in options["locations"]] == ["city", "beach", "mountain", "rural"]
    assert [option["key"] for option in options["workTypes"]] == ["office", "field", "sales", "remote"]
    assert [option["label"] for option in options["categories"]] == [
        "제로웨이스트",
        "플로깅",
        "탄소발자국",
        "에너지 절약",
        "업사이클",
        "문화 공유",
        "디지털 탄소",
        "비건",
    ]
    assert set(options["categories"][0]) == {"key", "label", "description", "emoji"}


def test_the_openapi_document_tells_of_the_events(server: RunningServer) -> None:
    document = json.loads(httpx.get(f"{server.url}/api/openapi.json").text)
    operation = document["paths"][BASE_INFO]["get"]
    assert "`rewrite`" in operation["description"]
    assert "text/event-stream" in operation["responses"]["200"]["content"]
    cursors = {("header", "Last-Event-ID"), ("query", "lastEventId")}
    assert cursors <= {(parameter["in"], parameter["name"]) for parameter in operation["parameters"]}
    assert httpx.get(f"{server.url}/api/docs").status_code == 200


def test_the_documentation_needs_no_other_host(server: RunningServer) -> None:
    page = httpx.get(f"{server.url}/api/docs").text
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert len(addresses) >= 3
    for address in addresses:
        assert address.startswith("/static/"), address
        assert httpx.get(f"{server.url}{address}").status_code == 200


def test_more_parameters_than_are_taken(server: RunningServer) -> None:
    response = httpx.get(f"{server.url}{BASE_INFO}?" + "&" * settings.DATA_UPLOAD_MAX_NUMBER_FIELDS)
    assert json_error(response) == envelope(400, "요청을 이해할 수 없습니다.")


def test_a_websocket_is_refused_without_a_traceback(server: RunningServer) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert httpx.get(f"{server.url}/ws/anything", headers=handshake).status_code == 403
    assert "Traceback" not in server.output


def test_cors_with_credentials() -> None:
    env = {"LEAFRESH_CORS_ORIGINS": "https://app.example.com"}
    with RunningServer(env=env) as server:
        url = f"{server.url}{BASE_INFO}"
        allowed = httpx.get(url, params=SELECTION, headers={"Origin": "https://app.example.com"})
        assert allowed.headers["access-control-allow-origin"] == "https://app.example.com"
        assert allowed.headers["access-control-allow-credentials"] == "true"
        refused = httpx.get(url, headers={"Origin": "https://app.example.com"})
        assert refused.headers["access-control-allow-origin"] == "https://app.example.com"
        foreign = httpx.get(url, params=SELECTION, headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in foreign.headers


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_cors_is_for_the_api_alone(method: str) -> None:
    origin = "https://app.example.com"
    headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    with RunningServer(env={"LEAFRESH_CORS_ORIGINS": origin}) as server:

        def allowed(path: str) -> tuple[str | None, str | None]:
            told = httpx.request(method, f"{server.url}{path}", headers=headers).headers
            return told.get("access-control-allow-origin"), told.get("access-control-allow-credentials")

        for path in ("/ai/chatbot/recommendation/base-info", "/api/challenges/options", "/api/openapi.json"):
            assert allowed(path) == (origin, "true"), path
        for path in ("/", "/admin/login/", "/admin/", "/api/docs", "/health", "/aid", "/nothing/api/"):
            assert allowed(path) == (None, None), path
        if method == "GET":  # what every page may embed, without credentials
            for path in ("/static/chatbot/leafresh-chat.js", "/chat/ko.json"):
                assert allowed(path) == ("*", None), path
