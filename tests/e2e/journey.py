"""A complete conversation in steps, for any screen and any model."""

from playwright.sync_api import expect

from tests.e2e.browser import Phone
from tests.e2e.chat import conversation, expect_answers, recommend, say, session_id, turn
from tests.e2e.server import RunningServer


def begin(visitor: Phone, server: RunningServer) -> None:
    """Three cards, each something to copy and to share."""
    recommend(visitor.page, server.url)
    expect(visitor.page.locator(".challenge.complete")).to_have_count(3)


def change_and_undo(visitor: Phone) -> None:
    """Turns 2 and 3: another category, and back by the notice."""
    page = visitor.page
    say(page, "플로깅으로 바꿔줘")
    expect_answers(page, 2)
    note = turn(page, 1).get_by_role("listitem").filter(has_text="비건 → 플로깅")
    expect(turn(page, 1).locator(".kind").first).to_contain_text("플로깅")
    note.get_by_role("button", name="되돌리기").click()
    expect_answers(page, 3)
    assert turn(page, 2).locator(".kind").first.text_content() == "🥗 비건"


def take_a_suggestion(visitor: Phone) -> None:
    """Turn 4: more about a challenge that was shown."""
    visitor.page.get_by_role("group", name="이렇게 말해 보세요").get_by_role("button", name="자세히").click()
    expect_answers(visitor.page, 4)
    expect(turn(visitor.page, 3).locator(".sentence")).not_to_be_empty()
    expect(turn(visitor.page, 3).locator(".challenge")).to_have_count(0)


def give_a_reason(visitor: Phone, server: RunningServer) -> None:
    thumbs = turn(visitor.page, 3)
    thumbs.get_by_role("button", name="아쉬워요").click()
    thumbs.get_by_role("textbox").fill("조금 더 자세히요")
    thumbs.get_by_role("button", name="보내기").click()
    expect(thumbs.get_by_role("textbox")).to_be_hidden()
    assert conversation(visitor, server)[3]["feedback"] == {"thumb": "down", "reason": "조금 더 자세히요"}


def reload(visitor: Phone) -> None:
    """Checks that all parts are shown again: questions, answers, cards, notices and thumbs."""
    page = visitor.page
    read = [page.locator(part).all_text_contents() for part in (".said", ".sentence", ".challenge", ".note")]
    count = page.locator(".turn").count()
    page.reload()
    expect_answers(page, count)
    assert read == [page.locator(part).all_text_contents() for part in (".said", ".sentence", ".challenge", ".note")]
    thumb = turn(page, 3).get_by_role("button", name="아쉬워요")
    expect(thumb).to_have_attribute("aria-pressed", "true")


def take_the_thumb_back(visitor: Phone, server: RunningServer) -> None:
    thumb = turn(visitor.page, 3).get_by_role("button", name="아쉬워요")
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "false")
    expect(visitor.page.locator(".toast")).to_contain_text("취소")
    assert conversation(visitor, server)[3]["feedback"] is None


def forget(visitor: Phone) -> None:
    page, before = visitor.page, session_id(visitor)
    page.get_by_role("button", name="대화 지우기").click()
    page.get_by_role("dialog").get_by_role("button", name="지우기").click()
    expect(page.locator("#picker")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    assert session_id(visitor) != before
    page.reload()
    expect(page.get_by_role("radio")).to_have_count(16)
    expect(page.locator(".turn")).to_have_count(0)
