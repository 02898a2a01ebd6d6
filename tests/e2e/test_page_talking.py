"""Talking on the chat page: messages, undoing, thumbs, reloading, forgetting, two tabs."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journey
from tests.e2e.browser import Phone, phone
from tests.e2e.chat import (
    DRAFT,
    action,
    conversation,
    expect_answers,
    expect_no_draft,
    expect_state,
    pick,
    recommend,
    say,
    session_id,
    session_token,
    start,
    titles,
    turn,
)
from tests.e2e.server import RunningServer


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with RunningServer(env={"LEAFRESH_START_URL": "https://app.example.com/start?from=chat"}) as running:
        yield running


@pytest.mark.parametrize("width", [390, 1280])
def test_a_conversation_from_the_first_choice_to_the_last_word(
    browser: Browser, server: RunningServer, width: int
) -> None:
    with phone(browser, width=width, height=800) as visitor:
        journey.begin(visitor, server)
        journey.change_and_undo(visitor)
        journey.take_a_suggestion(visitor)
        assert any(title in visitor.shown for title in titles(visitor.page, 2))
        journey.give_a_reason(visitor, server)
        journey.reload(visitor)
        journey.take_the_thumb_back(visitor, server)
        journey.forget(visitor)
        assert visitor.complaints == []


def test_somebody_in_danger_can_call_at_once_also_after_a_reload(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.goto(server.url)
    action(page, "talk")
    say(page, "남편이 때려요")
    expect_answers(page, 1)
    for _ in range(2):
        calls = turn(page, 0).get_by_role("link")
        expect(calls).to_have_count(2)
        addresses = [call.get_attribute("href") for call in calls.all()]
        assert addresses == ["tel:112", "tel:1366"]
        expect(calls.first).to_have_accessible_name("112 경찰 전화하기")
        heights = [box["height"] for call in calls.all() if (box := call.bounding_box())]
        assert len(heights) == 2
        assert min(heights) >= 44
        expect(turn(page, 0).get_by_role("button")).to_have_count(0)
        expect(page.locator(".chip")).to_have_count(0)
        page.reload()
        expect_answers(page, 1)
    assert visitor.complaints == []


def test_one_may_begin_by_talking(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.goto(server.url)
    page.get_by_role("button", name="대화하기").click()
    expect(page.locator("#message")).to_be_focused()
    say(page, "쉬운 거 추천해줘")
    expect_answers(page, 1)
    expect(turn(page, 0).locator(".note")).to_contain_text("짐작했어요: 도시 · 사무직")
    say(page, "고마워요")
    expect_answers(page, 2)
    expect_state(page, "answered")


def test_a_challenge_can_be_started_and_copied(visitor: Phone, server: RunningServer) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.add_init_script("navigator.share = undefined")
    recommend(visitor.page, server.url)
    [answer] = visitor.answers
    first = answer["challenges"][0]
    card = visitor.page.locator(".challenge").first
    address = card.get_by_role("link", name="시작하기").get_attribute("href") or ""
    query = visitor.page.evaluate("it => Object.fromEntries(new URL(it).searchParams)", address)
    assert address.startswith("https://app.example.com/start?from=chat&category=VEGAN&")
    assert query == {"from": "chat", **{name: first[name] for name in ("category", "title", "description")}}
    for name in ("복사", "공유"):
        visitor.page.evaluate("navigator.clipboard.writeText('')")
        card.get_by_role("button", name=name).click()
        expect(visitor.page.locator(".toast")).to_have_text("복사했어요.")
        assert visitor.page.evaluate("navigator.clipboard.readText()") == f"{first['title']}\n{first['description']}"


def test_a_reload_in_the_middle_takes_the_answer_up(visitor: Phone, slow_server: RunningServer) -> None:
    page = visitor.page
    pick(page, slow_server.url)
    start(page)
    page.locator(".challenge.complete").first.wait_for()
    page.reload()
    expect_answers(page, 1)
    assert len(titles(page, 0)) == 3
    assert len(conversation(visitor, slow_server)) == 1


def test_a_message_while_it_writes_ends_what_is_written(visitor: Phone, slow_server: RunningServer) -> None:
    page = visitor.page
    pick(page, slow_server.url)
    start(page)
    page.locator(".challenge.complete").first.wait_for()
    say(page, "플로깅으로 바꿔줘")
    expect_answers(page, 2)
    assert [told["outcome"] for told in conversation(visitor, slow_server)] == ["stopped", "completed"]
    assert len(titles(page, 0)) < 3
    assert len(titles(page, 1)) == 3


def test_another_tab_is_caught_up_with(visitor: Phone, server: RunningServer) -> None:
    recommend(visitor.page, server.url)
    other = visitor.context.new_page()
    other.goto(server.url)
    expect_answers(other, 1)
    say(other, "다른 거 없어?")
    expect_answers(other, 2)
    visitor.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect_answers(visitor.page, 2)
    assert titles(visitor.page, 1) == titles(other, 1)

    action(other, "forget")
    action(other, "erase")
    expect(visitor.page.locator("#picker")).to_be_visible()
    expect(visitor.page.locator(".turn")).to_have_count(0)


def test_what_is_forgotten_elsewhere_takes_its_draft_along(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    other = visitor.context.new_page()
    other.goto(server.url)

    def in_another_tab() -> None:
        action(other, "forget")
        action(other, "erase")

    def with_all_that_the_site_stored() -> None:
        other.evaluate("localStorage.clear()")
        expect(page.locator("#picker")).to_be_visible()
        start(page)  # as picked before
        expect_answers(page, 1)
        page.locator("#message").fill(DRAFT)
        assert session_id(visitor) not in sessions
        assert len(conversation(visitor, server)) == 1
        other.evaluate("localStorage.clear()")

    def by_the_server() -> None:
        address = f"{server.url}/api/chatbot/sessions/{session_id(visitor)}"
        erased = httpx.delete(address, headers={"X-Leafresh-Session-Token": session_token(visitor)})
        assert erased.status_code == 200
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    sessions = []
    for forget in (in_another_tab, with_all_that_the_site_stored, by_the_server):
        recommend(page, server.url)
        sessions.append(session_id(visitor))
        other.reload()
        expect_answers(other, 1)
        page.locator("#message").fill(DRAFT)
        forget()
        expect(page.locator(".turn")).to_have_count(0)
        expect_no_draft(page)
    assert visitor.complaints == []


def test_no_start_where_none_is_set(visitor: Phone, slow_server: RunningServer) -> None:
    recommend(visitor.page, slow_server.url)
    expect(visitor.page.get_by_role("link", name="시작하기")).to_have_count(0)
