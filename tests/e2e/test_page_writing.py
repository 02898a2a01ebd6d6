"""Writing on the chat page: Enter, line breaks, bounds, and input methods, which the browser's debugger drives."""

import unicodedata
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.chatbot.dialogue.test_free_text_request import INVISIBLE
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


@pytest.mark.parametrize("follows", [False, True])
def test_the_enter_that_ends_a_composition_with_a_line_break_sends_once(visitor: Phone, follows: bool) -> None:
    """On macOS the key has the code of an input method, and a line break comes. Some browsers then repeat the key."""
    page = visitor.page
    page.locator("#message").fill("다른 거")
    page.locator("#message").evaluate(
        """(field, follows) => {
      const enter = { key: "Enter", bubbles: true, cancelable: true };
      const key = (keyCode) => field.dispatchEvent(new KeyboardEvent("keydown", { ...enter, keyCode }));
      field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
      field.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
      key(229);
      const lineBreak = { inputType: "insertLineBreak", bubbles: true, cancelable: true };
      if (field.dispatchEvent(new InputEvent("beforeinput", lineBreak))) field.value += "\\n";
      if (follows) key(13);
    }""",
        follows,
    )
    expect_answers(page, 1)
    assert said(page) == ["다른 거"]
    expect(page.locator("#composer").get_by_role("alert")).to_be_hidden()


def test_what_shows_nothing_is_too_short_and_kept(visitor: Phone) -> None:
    """The page counts as the server does."""
    page = visitor.page
    for message in INVISIBLE:
        page.locator("#message").fill(message)
        page.keyboard.press("Enter")
        expect(page.locator("#composer").get_by_role("alert")).to_have_text("2자 이상 적어 주세요.")
        expect(page.locator("#message")).to_have_value(message)
    assert said(page) == []


def test_a_double_tap_sends_once(visitor: Phone) -> None:
    page = visitor.page
    page.locator("#message").fill("고마워요")
    page.get_by_role("button", name="보내기").dblclick()
    expect_answers(page, 1)
    expect(page.locator("#composer").get_by_role("alert")).to_be_hidden()


def test_a_refused_message_can_be_corrected(visitor: Phone) -> None:
    page = visitor.page
    page.route("**/free-text?*", lambda route: route.fulfill(status=414, body="too long"), times=1)
    page.locator("#message").fill("다른 거")
    page.keyboard.press("Enter")
    expect(page.locator(".turn .failure")).to_be_visible()
    expect(page.locator("#message")).to_have_value("다른 거")
    visitor.complaints.clear()


def test_what_is_written_outlives_a_reload_and_is_sent_composed(visitor: Phone) -> None:
    page = visitor.page
    decomposed = unicodedata.normalize("NFD", "다른 거 없어")
    page.locator("#message").fill(decomposed)
    page.reload()
    expect(page.get_by_role("radio")).to_have_count(16)
    page.get_by_role("button", name="대화하기").click()
    expect(page.locator("#message")).to_have_value(decomposed)
    with page.expect_request("**/free-text?*") as asked:
        page.locator("#message").press("Enter")
    assert parse_qs(urlsplit(asked.value.url).query)["message"] == ["다른 거 없어"]
    expect_answers(page, 1)
    expect(page.locator("#message")).to_have_value("")
    page.reload()
    expect_answers(page, 1)
    expect(page.locator("#message")).to_have_value("")


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
