"""Writing on the chat page: Enter, line breaks, bounds, and input methods, which the browser's debugger drives."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.e2e.browser import Phone, phone
from tests.e2e.chat import expect_answers
from tests.e2e.server import RunningServer


@pytest.fixture
def visitor(browser: Browser, server: RunningServer) -> Iterator[Phone]:
    """With the message field in focus."""
    with phone(browser) as opened:
        opened.page.goto(server.url)
        opened.page.get_by_role("button", name="대화하기").click()
        yield opened


def said(page: Page) -> list[str]:
    return page.locator(".said").all_text_contents()


def compose(keyboard: CDPSession, text: str) -> None:
    keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})


def key(keyboard: CDPSession, name: str, code: int, text: str = "") -> None:
    event = {"key": name, "code": name, "windowsVirtualKeyCode": code}
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown" if text else "rawKeyDown", "text": text, **event})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})


def test_enter_in_a_composition_sends_nothing_and_the_next_one_sends_once(visitor: Phone) -> None:
    page, keyboard = visitor.page, visitor.context.new_cdp_session(visitor.page)
    for text in ("ㄷ", "다", "달", "다르", "다른"):
        compose(keyboard, text)
    key(keyboard, "Enter", 229)
    assert said(page) == []
    keyboard.send("Input.insertText", {"text": "다른"})
    keyboard.send("Input.insertText", {"text": " 거"})
    key(keyboard, "Enter", 229)  # Safari's, after the end of the composition
    assert said(page) == []
    key(keyboard, "Enter", 13, "\r")
    expect_answers(page, 1)
    assert said(page) == ["다른 거"]
    expect(page.locator("#message")).to_have_value("")
    expect(page.locator("#message")).to_be_focused()


def test_a_keyboard_without_key_names_sends_too(visitor: Phone) -> None:
    page = visitor.page
    page.locator("#message").fill("다른 거")
    page.locator("#message").evaluate("""(field) => {
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Unidentified", keyCode: 229, bubbles: true }));
      const lineBreak = { inputType: "insertLineBreak", bubbles: true, cancelable: true };
      if (field.dispatchEvent(new InputEvent("beforeinput", lineBreak))) field.value += "\\n";
    }""")
    expect_answers(page, 1)
    assert said(page) == ["다른 거"]


def test_shift_and_enter_break_the_line(visitor: Phone) -> None:
    page = visitor.page
    page.keyboard.type("플로깅")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("추천해줘")
    expect(page.locator("#message")).to_have_value("플로깅\n추천해줘")
    assert said(page) == []
    page.keyboard.press("Enter")
    expect_answers(page, 1)
    assert said(page) == ["플로깅\n추천해줘"]


def test_what_is_too_short_or_too_long_is_told_and_kept(visitor: Phone) -> None:
    page = visitor.page
    problem = page.locator("#composer").get_by_role("alert")
    page.locator("#message").fill("네")
    page.keyboard.press("Enter")
    expect(problem).to_have_text("2자 이상 적어 주세요.")
    page.locator("#message").fill("가" * 501)
    expect(page.locator("#bounds")).to_have_text("501자 (2~500자)")
    page.get_by_role("button", name="보내기").click()
    expect(problem).to_have_text("500자 이하로 줄여 주세요.")
    expect(page.locator("#message")).to_have_value("가" * 501)
    assert said(page) == []

    page.locator("#message").fill("가까" * 250)
    expect(problem).to_be_hidden()
    page.keyboard.press("Enter")
    expect_answers(page, 1)
