"""The chat page on bad networks and in hidden tabs."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e import sse
from tests.e2e.browser import IN_THE_SECOND_CHALLENGE, Line, Phone
from tests.e2e.chat import (
    action,
    conversation,
    expect_answers,
    expect_state,
    is_growth,
    pick,
    recommend,
    say,
    start,
    titles,
)
from tests.e2e.server import RunningServer

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
LOOK = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => hidden ? "hidden" : "visible" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""  # headless Chromium takes every tab for a visible one


@pytest.fixture(scope="module")
def patient_server() -> Iterator[RunningServer]:
    """Writes at a pace that leaves time to interfere, and waits for those who went away."""
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "30"}) as running:
        yield running


def expect_one_whole_answer(visitor: Phone, server: RunningServer) -> None:
    """Nothing of it is doubled or missing, and it was written once."""
    [answer] = visitor.answers
    assert visitor.shown == sse.laid_out(answer)
    assert is_growth(visitor.history)
    assert [turn["outcome"] for turn in conversation(visitor, server)] == ["completed"]


def test_a_network_that_goes_and_comes_back_costs_no_character(visitor: Phone, patient_server: RunningServer) -> None:
    """Whether a browser that is told to be offline lets go of what already flows is left open: the line is cut, too."""
    with Line(patient_server.url) as line:
        pick(visitor.page, line.url)
        line.cut_behind(IN_THE_SECOND_CHALLENGE)
        start(visitor.page)
        visitor.page.locator(".challenge.complete").first.wait_for()
        visitor.context.set_offline(True)
        expect(visitor.page.locator("#status")).to_have_text("인터넷 연결을 기다리고 있어요 …")
        line.mend()
        visitor.context.set_offline(False)
        expect_state(visitor.page, "done")
        expect_one_whole_answer(visitor, patient_server)


def test_a_slow_network_writes_smoothly(visitor: Phone, patient_server: RunningServer) -> None:
    visitor.context.new_cdp_session(visitor.page).send("Network.emulateNetworkConditions", SLOW_3G)
    recommend(visitor.page, patient_server.url)
    expect_one_whole_answer(visitor, patient_server)
    assert len(visitor.history) > 20
    assert visitor.complaints == []


def test_a_tab_in_the_background_has_the_whole_answer(visitor: Phone, patient_server: RunningServer) -> None:
    pick(visitor.page, patient_server.url)
    start(visitor.page)
    visitor.page.locator(".challenge.complete").first.wait_for()
    visitor.page.evaluate(LOOK, True)
    visitor.context.new_page().bring_to_front()
    expect_state(visitor.page, "done")
    visitor.page.bring_to_front()
    visitor.page.evaluate(LOOK, False)
    expect_answers(visitor.page, 1)
    expect_one_whole_answer(visitor, patient_server)


def test_two_tabs_that_ask_at_once_catch_up_with_each_other(visitor: Phone, server: RunningServer) -> None:
    first = visitor.page
    recommend(first, server.url)
    second = visitor.context.new_page()
    second.goto(server.url)
    expect_answers(second, 1)
    say(first, "다른 거 없어?")
    say(second, "플로깅으로 바꿔줘")
    for tab in (first, second):
        expect_answers(tab, 2)
        assert len(titles(tab, 1)) == 3
    for tab in (first, second):
        tab.evaluate(LOOK, False)
        expect_answers(tab, 3)
    assert sorted(first.locator(".said").all_text_contents()) == sorted(second.locator(".said").all_text_contents())
    assert sorted(titles(first, 1) + titles(first, 2)) == sorted(titles(second, 1) + titles(second, 2))
    assert len(conversation(visitor, server)) == 3

    action(first, "forget")
    action(first, "erase")
    expect(second.locator(".turn")).to_have_count(0)
