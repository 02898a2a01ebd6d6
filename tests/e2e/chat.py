"""Actions on the chat page, as a person does them. Locators search the element's shadow root too."""

import itertools
import re

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import Phone
from tests.e2e.server import RunningServer

PICK = ("바닷가", "재택근무", "비건")
LOSES_PATIENCE_MS = 60_000
DRAFT = "아직 보내지 않은 말"


def pick(page: Page, url: str, labels: tuple[str, ...] = PICK) -> None:
    page.goto(url)
    for label in labels:
        page.get_by_role("radio", name=label, exact=True).check()


def start(page: Page) -> None:
    page.locator("#picker [type=submit]").click()


def say(page: Page, message: str) -> None:
    page.locator("#message").fill(message)
    page.locator("#message").press("Enter")


def action(page: Page, name: str) -> None:
    page.locator(f"[data-action={name}]").last.click()


def expect_state(page: Page, *states: str) -> None:
    expected = re.compile(f"^({'|'.join(states)})$")
    expect(page.locator("#conversation")).to_have_attribute("data-state", expected, timeout=LOSES_PATIENCE_MS)


def expect_answers(page: Page, count: int) -> None:
    """Waits until the page shows so many turns, and the last one is answered."""
    expect(page.locator(".turn")).to_have_count(count)
    expect_state(page, "done", "answered")


def recommend(page: Page, url: str) -> None:
    """Picks a selection, and waits for its answer."""
    pick(page, url)
    start(page)
    expect_answers(page, 1)


def expect_no_draft(page: Page) -> None:
    """In the field, in this tab's storage, and after the page was loaded again."""
    expect(page.locator("#message")).to_have_value("")
    kept = "Object.entries(sessionStorage).filter(([key]) => key.startsWith('leafresh.draft.'))"
    assert page.evaluate(kept) == []
    page.reload()
    expect(page.get_by_role("radio")).to_have_count(16)
    expect(page.locator("#message")).to_have_value("")


def turn(page: Page, index: int) -> Locator:
    return page.locator(".turn").nth(index)


def titles(page: Page, index: int) -> list[str]:
    return turn(page, index).locator(".challenge .title").all_text_contents()


def is_growth(texts: list[str]) -> bool:
    """Whether each text continues the one before it, so that no text was taken back or repeated."""
    return all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))


def session_id(visitor: Phone) -> str:
    known: str = visitor.page.evaluate("localStorage.getItem('leafresh.session')")
    return known


def session_token(visitor: Phone) -> str:
    known: str = visitor.page.evaluate("localStorage[`leafresh.token.${localStorage['leafresh.session']}`] ?? ''")
    return known


def conversation(visitor: Phone, server: RunningServer) -> list[dict[str, object]]:
    """The turns of the visitor's session from the server."""
    session = session_id(visitor)
    headers = {"X-Leafresh-Session-Token": session_token(visitor)}
    response = httpx.get(f"{server.url}/api/chatbot/sessions/{session}", headers=headers)
    turns: list[dict[str, object]] = response.json()["data"]["turns"]
    return turns
