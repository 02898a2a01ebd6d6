"""The chat page in a real browser, against a real server: picking, reading along, stopping, going on."""

import itertools
import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e import sse
from tests.e2e.browser import Line, Phone, chromium, phone
from tests.e2e.server import RunningServer

PICK = ("바닷가", "재택근무", "비건")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Phone]:
    with phone(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def patient_server() -> Iterator[RunningServer]:
    """Writes at a pace that leaves time to interfere, and waits for those who went away."""
    with RunningServer(env={"LEAFRESH_CATALOG_TOKEN_DELAY_MS": "30"}) as running:
        yield running


def pick(page: Page, url: str, labels: tuple[str, ...] = PICK) -> None:
    page.goto(url)
    for label in labels:
        page.get_by_role("radio", name=label, exact=True).check()


def start(page: Page) -> None:
    page.locator("#picker [type=submit]").click()


def action(page: Page, name: str) -> None:
    page.locator(f"[data-action={name}]").click()


def expect_state(page: Page, *states: str) -> None:
    expect(page.locator("#conversation")).to_have_attribute("data-state", re.compile("|".join(states)), timeout=30_000)


def is_growth(texts: list[str]) -> bool:
    """Whether each text continues the one before it: nothing was taken back, nothing doubled."""
    return all(later.startswith(earlier) for earlier, later in itertools.pairwise(texts))


def titles(page: Page, turn: int) -> list[str]:
    return page.locator(".turn").nth(turn).locator(".challenge .title").all_text_contents()


def test_a_selection_becomes_a_sentence_and_three_cards(visitor: Phone, patient_server: RunningServer) -> None:
    pick(visitor.page, patient_server.url)
    start(visitor.page)
    expect_state(visitor.page, "writing")
    expect_state(visitor.page, "done")

    [answer] = visitor.answers
    assert visitor.shown == sse.laid_out(answer)
    assert len(answer["challenges"]) == 3
    expect(visitor.page.locator(".challenge.complete")).to_have_count(3)
    assert len(visitor.history) > 10
    assert is_growth(visitor.history)
    assert visitor.complaints == []


def test_the_keyboard_alone_is_enough(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.goto(server.url)
    expect(page.get_by_role("radio")).to_have_count(16)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="바닷가", exact=True)).to_be_checked()
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect_state(page, "done")
    expect(page.locator(".said").first).to_be_focused()

    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.locator("[data-action=again]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".challenge.complete")).to_have_count(6)


def test_what_is_missing_is_said_and_gets_the_focus(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    pick(page, server.url, ("도시",))
    start(page)
    expect(page.get_by_role("group").nth(1).get_by_role("alert")).not_to_be_empty()
    expect(page.get_by_role("radio", name="사무직", exact=True)).to_be_focused()

    page.get_by_role("radio", name="사무직", exact=True).check()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_listeners_hear_whole_sentences_and_whole_cards(visitor: Phone, patient_server: RunningServer) -> None:
    pick(visitor.page, patient_server.url)
    start(visitor.page)
    expect_state(visitor.page, "done")

    [answer] = visitor.answers
    heard = visitor.page.locator("#announcements p").all_text_contents()
    assert heard[0] == answer["recommend"]
    assert len(heard) == 5
    for line, challenge in zip(heard[1:], answer["challenges"], strict=False):
        assert challenge["title"] in line
        assert challenge["description"] in line
    expect(visitor.page.locator("#turns [aria-live]")).to_have_count(0)


def test_again_gives_other_challenges(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    pick(page, server.url)
    start(page)
    expect_state(page, "done")
    action(page, "again")
    expect(page.locator(".challenge.complete")).to_have_count(6)
    expect_state(page, "done")

    assert not set(titles(page, 0)) & set(titles(page, 1))
    assert visitor.shown == sse.laid_out(visitor.answers[1])


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


def test_a_broken_connection_is_taken_up(visitor: Phone, patient_server: RunningServer) -> None:
    with Line(patient_server.url) as line:
        pick(visitor.page, line.url)
        start(visitor.page)
        visitor.page.locator(".challenge.complete").first.wait_for()
        line.cut()
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
        start(visitor.page)
        visitor.page.locator(".challenge.complete").first.wait_for()
        line.cut()
        expect_state(visitor.page, "reconnecting")
        while conversation(visitor, hasty_server)[0]["outcome"] == "running":
            visitor.page.wait_for_timeout(50)
        line.mend()
        expect_state(visitor.page, "done")

        [answer] = visitor.answers
        assert visitor.shown == sse.laid_out(answer)
        outcomes = [turn["outcome"] for turn in conversation(visitor, hasty_server)]
        assert outcomes == ["abandoned", "completed"]


def conversation(visitor: Phone, server: RunningServer) -> list[dict[str, str]]:
    """The turns of the visitor's session, as the server knows them."""
    session_id = visitor.page.evaluate("localStorage.getItem('leafresh.session')")
    response = httpx.get(f"{server.url}/api/chatbot/sessions/{session_id}")
    turns: list[dict[str, str]] = response.json()["data"]["turns"]
    return turns


def test_without_a_network_it_waits_for_one(visitor: Phone, server: RunningServer) -> None:
    pick(visitor.page, server.url)
    visitor.context.set_offline(True)
    start(visitor.page)
    expect_state(visitor.page, "reconnecting")
    visitor.context.set_offline(False)
    expect_state(visitor.page, "done")
    assert visitor.shown == sse.laid_out(visitor.answers[0])


def test_stop_works_without_a_connection(visitor: Phone, patient_server: RunningServer) -> None:
    with Line(patient_server.url) as line:
        pick(visitor.page, line.url)
        start(visitor.page)
        visitor.page.locator(".challenge.complete").first.wait_for()
        line.cut()
        expect_state(visitor.page, "reconnecting")
        action(visitor.page, "stop")
        expect_state(visitor.page, "stopped")
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
        expect(page.get_by_role("alert")).to_contain_text("잠시 후 다시 시도해 주세요")
        expect(page.get_by_role("alert")).not_to_contain_text("{")
        expect(page.locator("[data-action=choose]")).to_be_visible()

        httpx.post(f"{busy_server.url}/api/chatbot/generations/{generation_id}/stop")
        action(page, "retry")
        expect(page.locator(".sentence")).not_to_be_empty()
        expect(page.get_by_role("alert")).to_have_count(0)
        action(page, "stop")
        expect_state(page, "stopped")
        list(other)


def test_choices_that_do_not_load_can_be_asked_for_again(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    page.route("**/options", lambda route: route.abort(), times=1)
    page.goto(server.url)
    expect(page.get_by_role("alert")).not_to_be_empty()
    page.get_by_role("alert").get_by_role("button").click()
    expect(page.get_by_role("radio")).to_have_count(16)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_back_leads_to_the_choices(visitor: Phone, server: RunningServer) -> None:
    page = visitor.page
    pick(page, server.url)
    start(page)
    expect_state(page, "done")
    action(page, "choose")
    expect(page.get_by_role("radio", name="비건", exact=True)).to_be_checked()
    page.get_by_role("radio", name="플로깅", exact=True).check()
    start(page)
    expect(page.locator(".turn")).to_have_count(2)
    expect_state(page, "done")
    page.go_back()
    expect(page.locator("#picker")).to_be_visible()
    assert [answer["challenges"][0]["category"] for answer in visitor.answers] == ["VEGAN", "PLOGGING"]


def test_it_works_where_nothing_can_be_stored(visitor: Phone, server: RunningServer) -> None:
    visitor.context.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error() } })")
    pick(visitor.page, server.url)
    start(visitor.page)
    expect_state(visitor.page, "done")
    action(visitor.page, "again")
    expect(visitor.page.locator(".challenge.complete")).to_have_count(6)
    assert not set(titles(visitor.page, 0)) & set(titles(visitor.page, 1))


def test_what_a_model_took_back_disappears(visitor: Phone, server: RunningServer) -> None:
    """A hand-written stream with what is rare: a rewrite, counted in UTF-16 units, and events that come twice."""
    answer = '{"kind":"recommendation","recommend":"초록 🌿비건 한 끼","challenges":[]}'
    events = [
        ("challenge", '{"token":"초록 🌿비"}'),
        ("challenge", '{"token":"탄길"}'),
        ("rewrite", '{"length":5}'),
        ("challenge", '{"token":"비건 한 끼"}'),
        ("close", answer),
    ]
    frames = [
        f'event: {name}\nid: generation-x:{number}\ndata: {{"status":200,"message":"","data":{data}}}\n\n'
        for number, (name, data) in enumerate(events, start=1)
    ]
    body = "".join([*frames[:2], frames[1], *frames[2:]])
    visitor.page.route(
        "**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body), times=1
    )
    pick(visitor.page, server.url)
    start(visitor.page)
    expect_state(visitor.page, "done")
    assert visitor.history == ["", "초록 🌿비", "초록 🌿비탄길", "초록 🌿", "초록 🌿비건 한 끼"]


def test_nothing_on_the_page_is_inline_or_from_elsewhere(visitor: Phone, server: RunningServer) -> None:
    def with_strict_policy(route: Route) -> None:
        response = route.fetch()
        policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
        route.fulfill(response=response, headers={**response.headers, "Content-Security-Policy": policy})

    visitor.page.route(f"{server.url}/", with_strict_policy)
    pick(visitor.page, server.url)
    start(visitor.page)
    expect_state(visitor.page, "done")
    assert visitor.complaints == []


@pytest.mark.parametrize("width", [320, 360])
def test_a_narrow_phone_needs_no_sideways_scrolling(browser: Browser, server: RunningServer, width: int) -> None:
    with phone(browser, width=width, height=640) as visitor:
        pick(visitor.page, server.url)
        assert not visitor.scrolls_sideways()
        start(visitor.page)
        expect_state(visitor.page, "done")
        assert not visitor.scrolls_sideways()
