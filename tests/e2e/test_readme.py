"""The page in README.md, pasted as it is, in a real browser on another origin."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e import sse
from tests.e2e.browser import Phone, chromium, phone
from tests.e2e.server import ROOT, RunningServer
from tests.e2e.site import Site

[PAGE] = re.findall(r"```html\n(<!doctype html>.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as site, RunningServer(env={"LEAFRESH_CORS_ORIGINS": site.origin}) as server:
        page = PAGE.replace("http://127.0.0.1:8000", server.url)
        assert page != PAGE
        site.files |= {"/": page, "/text": page.replace("({ sessionId,", '({ tokens: "text", sessionId,')}
        yield site


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Phone]:
    with phone(browser) as opened:
        yield opened


@pytest.mark.parametrize("path", ["/", "/text"])
def test_the_page_shows_the_whole_answer_in_both_forms_of_tokens(visitor: Phone, site: Site, path: str) -> None:
    with visitor.page.expect_console_message(lambda message: message.type == "log"):
        visitor.page.goto(f"{site.origin}{path}")
    text = visitor.page.locator("#answer").text_content()
    assert text is not None
    assert re.fullmatch(r"[^\n]+\n\n1\. .+\n.+\n\n2\. .+\n.+\n\n3\. .+\n.+", text)
    assert visitor.complaints == []


def test_the_page_asks_again_after_a_proxys_error(visitor: Phone, site: Site) -> None:
    """Chromium closes an EventSource for good then."""
    asked = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=502)

    visitor.page.route(f"**{sse.BASE_INFO}?*", refuse, times=1)
    visitor.page.goto(site.origin)
    expect(visitor.page.locator("#answer")).to_contain_text("3. ")
    assert len(asked) == 1
