"""A long conversation on the chat page: its newest turns at once, those before them when they are asked for."""

import httpx
from playwright.sync_api import expect

from tests.e2e.browser import Phone
from tests.e2e.chat import action, expect_answers, session_id, session_token
from tests.e2e.fleet import until
from tests.e2e.server import RunningServer
from tests.e2e.sse import BASE_INFO, SELECTION

FREE_TEXT = BASE_INFO.replace("base-info", "free-text")


def talk(server: RunningServer, visitor: Phone, messages: int) -> list[str]:
    """A selection and as many messages in the visitor's name; what the turns are headed with."""
    until(lambda: session_token(visitor), "a token")  # from outside: the page's policy lets no string be run
    session, headers = session_id(visitor), {"X-Leafresh-Session-Token": session_token(visitor)}
    with httpx.Client(base_url=server.url, timeout=30, headers=headers) as client:
        assert client.post(BASE_INFO, json={**SELECTION, "sessionId": session}).status_code == 200
        said = [f"고마워 {number}번" for number in range(messages)]
        for message in said:
            assert client.post(FREE_TEXT, json={"message": message, "sessionId": session}).status_code == 200
    return said


def test_earlier_turns_are_shown_when_they_are_asked_for(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.emulate_media(reduced_motion="reduce")  # places are compared: nothing may still be rising into its own
    page.goto(server.url)
    said = talk(server, visitor, 109)
    page.reload()
    expect_answers(page, 50)
    assert page.locator(".said").all_text_contents() == said[-50:]
    more = page.locator("#turns > button")
    expect(more).to_have_text("이전 대화 보기")

    more.focus()
    top = page.locator(".said").first.bounding_box()
    page.keyboard.press("Enter")
    expect_answers(page, 100)
    assert page.locator(".said").all_text_contents() == said[-100:]
    expect(page.locator(".said").nth(49)).to_be_focused()
    kept = page.locator(".said").nth(50).bounding_box()
    assert top is not None
    assert kept is not None
    assert abs(kept["y"] - top["y"]) < 2  # what is read stays where it is

    more.click()
    expect_answers(page, 110)
    assert page.locator(".said").all_text_contents()[1:] == said
    assert page.locator(".turn").first.locator(".challenge").count() == 3
    expect(more).to_be_hidden()

    action(page, "forget")
    action(page, "erase")
    expect(page.locator(".turn")).to_have_count(0)
    expect(more).to_have_count(0)


def test_earlier_turns_that_cannot_be_had_can_be_asked_for_again(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.goto(server.url)
    talk(server, visitor, 52)
    page.reload()
    expect_answers(page, 50)
    page.route("**/sessions/*before=*", lambda route: route.abort())
    page.locator("#turns > button").click()
    expect(page.locator(".toast")).to_have_text("서버에 연결할 수 없어요. 인터넷 연결을 확인해 주세요.")
    page.unroute("**/sessions/*before=*")
    page.locator("#turns > button").click()
    expect_answers(page, 53)
