"""The chat page before axe-core: WCAG 2.0 to 2.2, A and AA, and its best practices, in light and dark."""

import json
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.e2e.browser import chromium
from tests.e2e.chat import expect_answers, pick, recommend, say, start
from tests.e2e.server import RunningServer

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
REFUSAL = {"status": 502, "message": "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다.", "data": None}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def axe() -> Axe:
    return Axe()


def violations(axe: Axe, page: Page) -> str:
    """What axe-core complains of, readable; in both colour schemes."""
    found = ""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # half-faded text would look too pale
        result = axe.run(page, options=OPTIONS)
        for violation in result.response["violations"]:  # its own report cannot name what is in a shadow tree
            places = [node["target"] for node in violation["nodes"]]
            found += f"{scheme}: {violation['id']}, {violation['help']}: {places}\n"
        assert result.response["passes"], "axe-core looked at nothing"
    return found


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_axe_finds_nothing_to_complain_of(
    browser: Browser, server: RunningServer, axe: Axe, width: int, height: int
) -> None:
    size = ViewportSize(width=width, height=height)
    with browser.new_context(viewport=size, locale="ko-KR", bypass_csp=True) as context:  # axe writes inline styles
        page = context.new_page()
        page.goto(server.url)
        expect(page.get_by_role("radio")).to_have_count(16)
        found = {"picker": violations(axe, page)}

        recommend(page, server.url)
        found["answer"] = violations(axe, page)

        say(page, "2번 자세히")
        expect_answers(page, 2)
        found["talk"] = violations(axe, page)

    with browser.new_context(viewport=size, locale="ko-KR", bypass_csp=True) as context:
        page = context.new_page()
        body = f"event: error\ndata: {json.dumps(REFUSAL, ensure_ascii=False)}\n\n"
        page.route("**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body))
        pick(page, server.url)
        start(page)
        expect(page.locator(".turn .failure").get_by_role("alert")).not_to_be_empty()
        found["error"] = violations(axe, page)

    assert found == dict.fromkeys(found, "")
