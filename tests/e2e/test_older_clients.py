"""A page that was written for the wire protocol alone: an EventSource with credentials, on another origin."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e import sse
from tests.e2e.browser import Phone, phone
from tests.e2e.server import RunningServer
from tests.e2e.site import Site

# It knows three events and no more: no cursor, no cards, no notices.
PAGE = """<!doctype html>
<html lang="ko">
<meta charset="utf-8">
<title>리프레시</title>
<p id="answer"></p>
<p id="problem"></p>
<script>
let source;
let closed = null;
function ask(url) {
  answer.textContent = problem.textContent = "";
  closed = null;
  source = new EventSource(url, { withCredentials: true });
  source.addEventListener("challenge", (event) => (answer.textContent += JSON.parse(event.data).data));
  source.addEventListener("close", (event) => {
    closed = JSON.parse(event.data).data;
    source.close();
  });
  source.addEventListener("error", (event) => {
    if (!event.data) return;
    problem.textContent = JSON.parse(event.data).message;
    source.close();
  });
}
</script>
"""
PATIENCE_MS = 30_000


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as opened:
        opened.files["/"] = PAGE
        yield opened


@pytest.fixture(scope="module")
def known_server(site: Site) -> Iterator[RunningServer]:
    """Knows the site, and writes at a pace at which the page has to put the answer together piece by piece."""
    with RunningServer(env={"LEAFRESH_CORS_ORIGINS": site.origin, "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "5"}) as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Phone]:
    with phone(browser) as opened:
        opened.page.goto(site.origin)
        yield opened


def ask(page: Page, server: RunningServer, path: str, **query: str) -> None:
    page.evaluate("url => ask(url)", f"{server.url}{path}?{urlencode({**query, 'tokens': 'text'})}")


def closing_answer(page: Page) -> dict[str, Any]:
    page.wait_for_function("closed", timeout=PATIENCE_MS)
    answer: dict[str, Any] = page.evaluate("closed")
    return answer


def requests_to(page: Page, path: str) -> list[str]:
    """Fills with the addresses of the page's requests."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if path in request.url else None)
    return sent


def test_it_shows_the_whole_answer_and_is_closed(visitor: Phone, known_server: RunningServer) -> None:
    page = visitor.page
    sent = requests_to(page, sse.BASE_INFO)
    ask(page, known_server, sse.BASE_INFO, sessionId="older-choice", **sse.SELECTION)
    answer = closing_answer(page)

    assert len(answer["challenges"]) == 3
    assert page.locator("#answer").text_content() == sse.laid_out(answer)
    assert page.evaluate("source.readyState === EventSource.CLOSED")
    assert len(sent) == 1
    expect(page.locator("#problem")).to_be_empty()
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("message", "kind", "challenges"),
    [("플로깅으로 바꿔줘", "recommendation", 3), ("2번 자세히 알려줘", "explanation", 0), ("고마워요", "smalltalk", 0)],
)
def test_it_shows_what_the_bot_says_to_a_message(
    visitor: Phone, known_server: RunningServer, message: str, kind: str, challenges: int
) -> None:
    page = visitor.page
    session = f"older-{kind}"
    ask(page, known_server, sse.BASE_INFO, sessionId=session, **sse.SELECTION)
    closing_answer(page)
    ask(page, known_server, sse.FREE_TEXT, sessionId=session, message=message)
    answer = closing_answer(page)

    assert (answer["kind"], len(answer["challenges"])) == (kind, challenges)
    assert page.locator("#answer").text_content() == sse.laid_out(answer)
    assert page.evaluate("source.readyState === EventSource.CLOSED")
    assert visitor.complaints == []


def test_a_missing_category_is_told_in_words(visitor: Phone, known_server: RunningServer) -> None:
    page = visitor.page
    sent = requests_to(page, sse.BASE_INFO)
    incomplete = {name: value for name, value in sse.SELECTION.items() if name != "category"}
    ask(page, known_server, sse.BASE_INFO, sessionId="older-error", **incomplete)

    expect(page.locator("#problem")).to_have_text("category는 필수입니다.")
    expect(page.locator("#answer")).to_be_empty()
    assert page.evaluate("source.readyState === EventSource.CLOSED")
    assert len(sent) == 1
    assert visitor.complaints == []


def test_a_site_that_is_not_known_gets_nothing(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    ask(page, server, sse.BASE_INFO, sessionId="older-stranger", **sse.SELECTION)
    page.wait_for_function("source.readyState === EventSource.CLOSED")
    expect(page.locator("#answer")).to_be_empty()
    assert "CORS" in visitor.complaints[0]


def test_a_back_end_that_refuses_unknown_properties_asks_for_the_basic_answer(server: RunningServer) -> None:
    body = {**sse.SELECTION, "sessionId": "basic"}
    basic = httpx.post(f"{server.url}{sse.BASE_INFO}?answer=basic", json=body).json()["data"]
    assert set(basic) == {"recommend", "challenges"}
    assert [set(challenge) for challenge in basic["challenges"]] == [{"title", "description"}] * 3
    assert "kind" in httpx.post(f"{server.url}{sse.BASE_INFO}", json=body).json()["data"]
