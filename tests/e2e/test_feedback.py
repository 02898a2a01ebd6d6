"""A thumb for an answer of a real server, while it is being written and after."""

import httpx

from tests.e2e.conversations import told
from tests.e2e.server import RunningServer
from tests.e2e.sse import SELECTION, stream


def test_a_thumb_at_the_first_event_stays_with_the_answer(slow_server: RunningServer) -> None:
    events = stream(slow_server.url, sessionId="thumb", **SELECTION)
    generation_id = next(events).payload["generationId"]
    url = f"{slow_server.url}/api/chatbot/generations/{generation_id}/feedback"
    thought = {"thumb": "down", "reason": "회사에서 하기 어려워요. 🌱"}
    assert httpx.put(url, json={"sessionId": "thumb", **thought}).json() == {
        "status": 200,
        "message": "의견을 저장했습니다.",
        "data": {"generationId": generation_id, "feedback": thought},
    }
    assert list(events)[-1].name == "close"
    turns = told(slow_server, "thumb")
    assert [(turn["outcome"], turn["feedback"]) for turn in turns] == [("completed", thought)]
    assert httpx.put(url, json={"sessionId": "stranger", **thought}).status_code == 404
    assert "회사에서" not in slow_server.output
    assert httpx.delete(url, params={"sessionId": "thumb"}).json()["data"] == {
        "generationId": generation_id,
        "feedback": None,
    }
