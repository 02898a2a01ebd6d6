"""The chat page after failures: broken connections, gateways and refusals, and how a person continues."""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e import sse
from tests.e2e.browser import IN_THE_SECOND_CHALLENGE, Line, Phone
from tests.e2e.chat import action, conversation, expect_state, is_growth, pick, start, titles
from tests.e2e.server import RunningServer


@pytest.fixture(scope="module")
def patient_server() -> Iterator[RunningServer]:
    """Writes at a pace that leaves time to interfere, and waits for those who went away."""
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "60"}) as running:
        yield running


def test_a_broken_connection_is_taken_up(visitor: Phone, patient_server: RunningServer) -> None:
    with Line(patient_server.url) as line:
        pick(visitor.page, line.url)
        line.cut_behind(IN_THE_SECOND_CHALLENGE)
        start(visitor.page)
        expect_state(visitor.page, "reconnecting")
        line.mend()
        expect_state(visitor.page, "done")

    [answer] = visitor.answers
    assert visitor.shown == sse.laid_out(answer)
    assert is_growth(visitor.history)
    assert [turn["outcome"] for turn in conversation(visitor, patient_server)] == ["completed"]


def test_an_answer_given_up_meanwhile_is_replaced(visitor: Phone) -> None:
    hasty = {"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "30", "LEAFRESH_ABANDON_SECONDS": "0.1"}
    with RunningServer(env=hasty) as hasty_server, Line(hasty_server.url) as line:
        pick(visitor.page, line.url)
        line.cut_behind(IN_THE_SECOND_CHALLENGE)
        start(visitor.page)
        expect_state(visitor.page, "reconnecting")
        while conversation(visitor, hasty_server)[0]["outcome"] == "running":
            visitor.page.wait_for_timeout(50)
        line.mend()
        expect_state(visitor.page, "done")

        [answer] = visitor.answers
        assert visitor.shown == sse.laid_out(answer)
        outcomes = [turn["outcome"] for turn in conversation(visitor, hasty_server)]
        assert outcomes == ["completed"]  # the attempt that was given up is not shown beside it


def test_without_a_network_it_waits_for_one(visitor: Phone, server: RunningServer) -> None:
    pick(visitor.page, server.url)
    visitor.context.set_offline(True)
    start(visitor.page)
    expect_state(visitor.page, "reconnecting")
    expect(visitor.page.locator("#status")).to_contain_text("인터넷 연결을 기다리고 있어요")
    visitor.context.set_offline(False)
    expect_state(visitor.page, "done")
    assert visitor.shown == sse.laid_out(visitor.answers[0])


def test_stop_keeps_what_was_complete(visitor: Phone, patient_server: RunningServer) -> None:
    page = visitor.page
    pick(page, patient_server.url)
    start(page)
    page.locator(".challenge:nth-child(2) .description:not(:empty)").wait_for()
    action(page, "stop")
    expect_state(page, "stopped")
    expect(page.locator(".said")).to_be_focused()

    [answer] = visitor.answers
    assert answer["stopped"] is True
    assert 1 <= len(answer["challenges"]) < 3
    assert visitor.shown == sse.laid_out(answer)
    expect(page.locator(".challenge:not(.complete)")).to_have_count(0)

    action(page, "again")
    expect_state(page, "done")
    assert len(titles(page, 1)) == 3


def test_stop_works_without_a_connection(visitor: Phone, patient_server: RunningServer) -> None:
    with Line(patient_server.url) as line:
        pick(visitor.page, line.url)
        line.cut_behind(IN_THE_SECOND_CHALLENGE)
        start(visitor.page)
        expect_state(visitor.page, "reconnecting")
        action(visitor.page, "stop")
        expect_state(visitor.page, "stopped")
        expect(visitor.page.locator(".challenge.complete")).to_have_count(1)
        expect(visitor.page.locator(".challenge:not(.complete)")).to_have_count(0)


def test_a_gateway_without_a_server_is_tried_again(visitor: Phone, server: RunningServer) -> None:
    def bad_gateway(route: Route) -> None:
        route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")

    visitor.page.route("**/base-info?*", bad_gateway, times=1)
    pick(visitor.page, server.url)
    start(visitor.page)
    expect_state(visitor.page, "done")
    assert visitor.shown == sse.laid_out(visitor.answers[0])


def test_an_error_has_words_and_a_way_on(visitor: Phone) -> None:
    with RunningServer(env={"LEAFRESH_MAX_GENERATIONS": "1", "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "500"}) as busy_server:
        page = visitor.page
        other = sse.stream(busy_server.url, **sse.SELECTION)
        generation_id = next(event for event in other if event.name == "start").payload["generationId"]
        pick(page, busy_server.url)
        start(page)
        failure = page.locator(".turn .failure")
        expect(failure.get_by_role("alert")).to_contain_text("잠시 후 다시 시도해 주세요")
        expect(failure.get_by_role("alert")).not_to_contain_text("{")
        expect(failure.get_by_role("timer")).to_contain_text("초 뒤에")
        expect(page.locator("[data-action=choose]")).to_be_visible()

        httpx.post(f"{busy_server.url}/api/chatbot/generations/{generation_id}/stop")
        expect(page.locator(".sentence")).not_to_be_empty(timeout=20_000)  # by itself, when the time has come
        expect(failure).to_have_count(0)
        action(page, "stop")
        expect_state(page, "stopped")
        list(other)


def refuse_once(visitor: Phone, *, seconds: int) -> None:
    """The next request is one too many, and may come again after so long."""
    envelope = {"status": 429, "message": "요청이 너무 많습니다.", "data": None}
    body = f"event: error\nretry: {seconds * 1000}\ndata: {json.dumps(envelope, ensure_ascii=False)}\n\n"
    visitor.page.route(
        "**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body), times=1
    )


def test_too_many_requests_are_counted_down(visitor: Phone, server: RunningServer) -> None:
    refuse_once(visitor, seconds=3)
    pick(visitor.page, server.url)
    start(visitor.page)
    expect(visitor.page.get_by_role("timer")).to_have_text("3초 뒤에 다시 시도할게요")
    expect(visitor.page.get_by_role("timer")).to_have_text("1초 뒤에 다시 시도할게요")
    expect_state(visitor.page, "done")
    assert visitor.shown == sse.laid_out(visitor.answers[0])


def test_a_long_wait_is_told_in_minutes(visitor: Phone, server: RunningServer) -> None:
    refuse_once(visitor, seconds=7200)
    pick(visitor.page, server.url)
    start(visitor.page)
    expect(visitor.page.get_by_role("timer")).to_have_text("120분 뒤에 다시 시도할게요")


def test_who_reads_english_is_refused_in_english(browser: Browser, server: RunningServer) -> None:
    envelope = {"status": 503, "message": "지금은 이용자가 많아 추천을 시작할 수 없습니다.", "data": None}
    body = f"event: error\ndata: {json.dumps(envelope, ensure_ascii=False)}\n\n"
    with browser.new_context(locale="en-US") as context:
        page = context.new_page()
        page.route("**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body))
        pick(page, server.url)
        start(page)
        expect(page.locator(".failure").get_by_role("alert")).to_have_text(
            "Many people are asking right now. Please wait a moment."
        )
