"""States in which an answer did not come, and why. For states.py."""

import json

from playwright.sync_api import expect

from tests.e2e.chat import expect_state, pick, start, turn
from tests.e2e.stage import Stage

REFUSED = "유효하지 않은 선택 항목이 포함되어 있습니다."
FAILED = "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다."
BUSY = "지금은 이용자가 많아 추천을 시작할 수 없습니다. 잠시 후 다시 시도해 주세요."
OFTEN = "요청이 너무 많습니다. 45초 후에 다시 시도해 주세요."


def _fail(stage: Stage, data: str, wait_seconds: int = 0) -> None:
    """The stream is one ``error`` event, as the server sends it to clients that cannot read a failed response."""
    retry = f"retry: {wait_seconds}000\n" if wait_seconds else ""
    body = f"event: error\n{retry}data: {data}\n\n"
    stage.page.unroute_all(behavior="ignoreErrors")
    stage.page.route("**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    pick(stage.page, stage.url)
    start(stage.page)


def _refuse(stage: Stage, status: int, message: str, wait_seconds: int = 0) -> None:
    envelope = {"status": status, "message": message, "data": None}
    _fail(stage, json.dumps(envelope, ensure_ascii=False), wait_seconds)
    expect(turn(stage.page, 0).get_by_role("alert")).to_have_text(message)


def failed(stage: Stage) -> None:
    """No answer could be made; the person may try again."""
    _refuse(stage, 502, FAILED)
    expect(stage.page.locator(".turn [data-action=retry]")).to_be_visible()


def too_busy(stage: Stage) -> None:
    """The server is too busy; the chat counts down and tries again by itself."""
    _refuse(stage, 503, BUSY, wait_seconds=45)
    expect(stage.page.get_by_role("timer")).to_be_visible()


def too_often(stage: Stage) -> None:
    """The person asked too often; the chat waits until the next request is allowed."""
    _refuse(stage, 429, OFTEN, wait_seconds=45)
    expect(stage.page.get_by_role("timer")).to_be_visible()


def refused(stage: Stage) -> None:
    """The choice is not offered any more, so trying again would not help."""
    _refuse(stage, 400, REFUSED)
    expect_state(stage.page, "refused")


def unreachable(stage: Stage) -> None:
    """Another server answered, not Leafresh."""
    _fail(stage, "<h1>Bad gateway</h1>")
    expect(stage.page.locator(".turn [data-action=retry]")).to_be_visible()
    expect_state(stage.page, "failed")
