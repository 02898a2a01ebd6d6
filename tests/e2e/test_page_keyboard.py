"""The chat page with the keyboard alone: what Tab reaches, where the focus is seen, what Enter and Escape do."""

from collections.abc import Iterator
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import Phone, phone
from tests.e2e.chat import conversation, expect_answers, expect_state, pick, recommend, start, titles, turn
from tests.e2e.server import RunningServer

FOCUSED = """() => {
  let it = document.activeElement;
  while (it.shadowRoot?.activeElement) it = it.shadowRoot.activeElement;
  return it;
}"""
NAME = f"() => {{ const it = ({FOCUSED})(); return it.ariaLabel ?? it.textContent.trim(); }}"
IS_SEEN = f"""() => {{
  const it = ({FOCUSED})();
  const isOutlined = (part) => {{
    const style = getComputedStyle(part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  }};
  const box = it.getBoundingClientRect();
  const isInside = box.top >= -1 && box.bottom <= innerHeight + 1 && box.left >= -1 && box.right <= innerWidth + 1;
  return isInside && (isOutlined(it) || isOutlined(it.parentElement));
}}"""


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Phone]:
    with phone(browser, touch=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(env={"LEAFRESH_START_URL": "https://app.example.com/start"}) as running:
        yield running


@pytest.fixture(scope="module")
def patient_server() -> Iterator[RunningServer]:
    """Takes its time for an answer: one can walk to the button that stops it."""
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "80"}) as running:
        yield running


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return cast("str", page.evaluate(NAME))


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    """Presses Tab until something of this name has the focus."""
    passed = []
    while focused(page) != name:
        page.keyboard.press(key)
        passed.append(focused(page))
        assert len(passed) < 40, passed


def test_the_keyboard_alone_is_enough(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.goto(server.url)
    expect(page.get_by_role("radio")).to_have_count(16)
    page.get_by_role("link", name="English").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="바닷가", exact=True)).to_be_checked()
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect_answers(page, 1)
    expect(page.locator(".said").first).to_be_focused()

    tab_to(page, "다른 챌린지 보기")
    page.keyboard.press("Enter")
    expect(page.locator(".challenge.complete")).to_have_count(6)


def test_tab_goes_through_an_answer_in_the_order_of_reading_and_is_always_seen(
    visitor: Phone, server: RunningServer
) -> None:
    page = visitor.page
    recommend(page, server.url)
    deeds = [f"{deed}: {title}" for title in titles(page, 0) for deed in ("시작하기", "복사", "공유")]
    suggestions = page.locator(".chip").all_text_contents()
    assert suggestions
    in_order = ["다시 고르기", "대화 지우기", *deeds, "좋아요", "아쉬워요", "다른 챌린지 보기", *suggestions]
    tab_to(page, "다시 고르기", key="Shift+Tab")
    reached = []
    for _ in [*in_order, "field", "send"]:
        reached.append(focused(page))
        assert page.evaluate(IS_SEEN), reached[-1]
        page.keyboard.press("Tab")
    assert reached == [*in_order, "보낼 메시지", "보내기"]


def test_every_choice_that_has_the_focus_is_seen(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.goto(server.url)
    expect(page.get_by_role("radio")).to_have_count(16)
    page.get_by_role("link", name="English").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate(IS_SEEN)
        page.keyboard.press("ArrowRight")
        assert page.evaluate(IS_SEEN)
    for name in ("대화하기", "챌린지 추천받기"):
        page.keyboard.press("Tab")
        assert focused(page) == name
        assert page.evaluate(IS_SEEN)


def test_the_question_before_forgetting_holds_the_focus_and_gives_it_back(
    visitor: Phone, server: RunningServer
) -> None:
    page = visitor.page
    recommend(page, server.url)
    tab_to(page, "대화 지우기", key="Shift+Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    reached = []
    for _ in range(6):
        reached.append(focused(page))
        page.keyboard.press("Tab")
    within = set(dialog.get_by_role("button").all_text_contents())
    assert within <= set(reached)
    behind = set(page.locator(".bar button, .deeds a, .deeds button, .chip").all_text_contents()) - {""}
    assert not set(reached) & behind
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert focused(page) == "대화 지우기"
    expect(page.locator(".turn")).to_have_count(1)


def test_a_suggestion_can_be_pressed_and_the_next_thing_written(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    recommend(page, server.url)
    tab_to(page, "다른 거 없어?")
    page.keyboard.press("Enter")
    expect_answers(page, 2)
    expect(page.locator(".said").last).to_have_text("다른 거 없어?")
    expect(page.locator("#message")).to_be_focused()
    page.keyboard.type("고마워요")
    page.keyboard.press("Enter")
    expect_answers(page, 3)


def test_a_reason_is_given_with_enter(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    recommend(page, server.url)
    tab_to(page, "아쉬워요")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(turn(page, 0).get_by_role("textbox")).to_be_focused()
    assert page.evaluate(IS_SEEN)
    page.keyboard.type("더 쉬운 것으로")
    page.keyboard.press("Enter")
    expect(turn(page, 0).get_by_role("textbox")).to_be_hidden()
    assert focused(page) == "아쉬워요"
    assert conversation(visitor, server)[0]["feedback"] == {"thumb": "down", "reason": "더 쉬운 것으로"}


def test_an_answer_is_stopped_and_asked_for_again(visitor: Phone, patient_server: RunningServer) -> None:
    page = visitor.page
    pick(page, patient_server.url)
    start(page)
    page.locator(".challenge.complete").first.wait_for()
    tab_to(page, "그만 받기")
    page.keyboard.press("Enter")
    expect_state(page, "stopped")
    assert focused(page) == "🌊 바닷가  🏠 재택근무  🥗 비건"  # not lost with the button
    tab_to(page, "다른 챌린지 보기")
    page.keyboard.press("Enter")
    expect_answers(page, 2)
