"""The chat page shows its own conversation after a reload, and never that of another browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.browser import Phone, phone
from tests.e2e.chat import (
    DRAFT,
    conversation,
    expect_answers,
    expect_no_draft,
    expect_state,
    pick,
    recommend,
    say,
    session_id,
    start,
)
from tests.e2e.fleet import until
from tests.e2e.ownership import COOKIE
from tests.e2e.server import RunningServer
from tests.e2e.site import Site, page_with_chat


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Phone]:
    """Another person's browser."""
    with phone(browser) as opened:
        yield opened


def is_bound(server: RunningServer, session: str) -> bool:
    return server.sql(f"SELECT count(*) FROM chatbot_chatsession WHERE key = '{session}' AND bound") == [(1,)]


FORGET_TOKENS = (
    "Object.keys(localStorage).filter((it) => it.includes('token')).forEach((it) => delete localStorage[it])"
)


@pytest.mark.parametrize("kept", ["cookie and token", "cookie", "token"])
def test_a_reload_keeps_the_conversation(visitor: Phone, server: RunningServer, kept: str) -> None:
    page = visitor.page
    recommend(page, server.url)
    session = session_id(visitor)
    until(lambda: is_bound(server, session), "binding")
    if "token" not in kept:
        page.evaluate(FORGET_TOKENS)
    if "cookie" not in kept:
        visitor.context.clear_cookies(name=re.compile(COOKIE))
    page.reload()
    expect_answers(page, 1)
    say(page, "고마워")
    expect_answers(page, 2)
    assert session_id(visitor) == session


def test_another_browser_with_the_same_id_shows_nothing_and_begins_its_own(
    visitor: Phone, stranger: Phone, server: RunningServer
) -> None:
    recommend(visitor.page, server.url)
    session = session_id(visitor)
    stranger.page.goto(server.url)
    stranger.page.evaluate("(id) => localStorage.setItem('leafresh.session', id)", session)
    stranger.page.evaluate(FORGET_TOKENS)
    stranger.page.locator("[data-action=talk]").click()
    stranger.page.locator("#message").fill(DRAFT)
    stranger.page.reload()
    expect(stranger.page.locator("#picker")).to_be_visible()
    expect(stranger.page.locator(".failure")).to_have_count(0)
    expect(stranger.page.locator(".turn")).to_have_count(0)
    until(lambda: session_id(stranger) != session, "a session of its own")  # the page has been refused the other
    expect_no_draft(stranger.page)  # it belonged to the other
    recommend(stranger.page, server.url)
    assert len(conversation(visitor, server)) == 1


def test_a_page_that_lost_what_shows_its_session_goes_on_in_another(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    recommend(page, server.url)
    session = session_id(visitor)
    page.evaluate(FORGET_TOKENS)
    page.evaluate("(id) => localStorage.setItem(`leafresh.token.${id}`, 'lost')", session)
    visitor.context.clear_cookies(name=re.compile(COOKIE))
    say(page, "고마워")
    expect_answers(page, 2)
    assert session_id(visitor) != session
    page.reload()
    expect_answers(page, 1)


def test_a_session_that_the_site_gives_is_not_exchanged(visitor: Phone, stranger: Phone) -> None:
    with Site() as site, RunningServer(env={"LEAFRESH_CORS_ORIGINS": site.origin}) as server:
        chat = page_with_chat(server.url).replace("<leafresh-chat", '<leafresh-chat session="member-7"')
        site.files["/"] = chat
        recommend(visitor.page, site.origin)
        visitor.page.reload()
        expect_answers(visitor.page, 1)
        pick(stranger.page, site.origin)
        expect(stranger.page.locator(".turn")).to_have_count(0)
        start(stranger.page)
        expect_state(stranger.page, "refused")
        expect(stranger.page.locator(".failure")).to_contain_text("다른 곳에서 시작한 대화입니다.")
        assert server.sql("SELECT count(*) FROM chatbot_turn") == [(1,)]


def test_a_first_answer_that_is_lost_costs_no_conversation(visitor: Phone, server: RunningServer) -> None:
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)  # the server has answered, the page gets nothing of it
        route.abort("connectionreset")

    visitor.page.route("**/base-info?*", lose)
    recommend(visitor.page, server.url)
    session = session_id(visitor)
    assert lost == [200]
    until(lambda: is_bound(server, session), "binding")
    visitor.page.reload()
    expect(visitor.page.locator(".turn").first).to_be_visible()
    assert session_id(visitor) == session


def test_a_page_in_another_tab_can_do_nothing_in_the_persons_name(visitor: Phone, slow_server: RunningServer) -> None:
    """Of the same machine, so that the browser sends it the cookie."""
    with Site() as site:
        site.files["/"] = "<title>evil</title>"
        page = visitor.page
        pick(page, slow_server.url)
        start(page)
        expect_state(page, "writing")
        session = session_id(visitor)
        (generation,) = slow_server.sql(f"SELECT generation_id FROM chatbot_turn WHERE session_id = '{session}'")
        tab = visitor.context.new_page()
        tab.goto(site.origin.replace("localhost", "127.0.0.1"))
        tab.evaluate(
            """async ([server, session, generation]) => {
                const query = new URLSearchParams({ sessionId: session });
                const asks = new URLSearchParams({ sessionId: session, message: "고마워" });
                const stop = `${server}/api/chatbot/generations/${generation}/stop`;
                const options = { mode: "no-cors", credentials: "include" };
                const tries = [
                    fetch(`${stop}?${query}`, { ...options, method: "POST" }),
                    fetch(stop, { ...options, method: "POST" }),
                    fetch(`${server}/ai/chatbot/recommendation/free-text?${asks}`, options),
                    fetch(`${server}/api/chatbot/sessions/${session}`, { method: "DELETE", credentials: "include" }),
                    new Promise((resolve) => Object.assign(new Image(), { onerror: resolve, src:
                        `${server}/ai/chatbot/recommendation/free-text?${asks}` })),
                ];
                await Promise.allSettled(tries);
            }""",
            [slow_server.url, session, str(generation[0])],
        )
        expect_answers(page, 1)
        assert page.locator("#conversation").get_attribute("data-state") == "done"
        assert [turn["outcome"] for turn in conversation(visitor, slow_server)] == ["completed"]
        page.reload()
        expect_answers(page, 1)
