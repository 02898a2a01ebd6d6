"""Every state of the chat, each by its name, with what brings a page there and keeps it there."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.e2e.browser import Line
from tests.e2e.chat import action, expect_answers, expect_state, pick, recommend, say, start, turn
from tests.provider import Provider

STAYING_TOASTS = """
const later = window.setTimeout;
window.setTimeout = (act, ms, ...rest) => later(act, ms === 4000 ? 3_600_000 : ms, ...rest);
"""
REFUSED = "유효하지 않은 선택 항목이 포함되어 있습니다."
FAILED = "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다."
BUSY = "지금은 요청이 많습니다. 잠시 후 다시 시도해 주세요."
OFTEN = "요청이 너무 많습니다. 잠시 후 다시 시도해 주세요."


@dataclass(frozen=True)
class Stage:
    """A page with nothing on it. ``url`` is a server's; ``held`` is the line to one whose model, ``provider``'s, stops
    where it is told to; ``embedding`` is another site's page."""

    page: Page
    url: str
    held: Line
    provider: Provider
    embedding: str


STATES: dict[str, Callable[[Stage], None]] = {}


def state(bring: Callable[[Stage], None]) -> Callable[[Stage], None]:
    STATES[bring.__name__.replace("_", " ").strip()] = bring
    return bring


@state
def choices_loading(stage: Stage) -> None:
    stage.page.route("**/options", lambda route: None)
    stage.page.goto(stage.url)
    expect(stage.page.locator("#loading")).to_be_visible()


@state
def choices_failed(stage: Stage) -> None:
    stage.page.route("**/options", lambda route: route.abort())
    stage.page.goto(stage.url)
    expect(stage.page.locator("#picker .failure").get_by_role("alert")).to_be_visible()


@state
def choices(stage: Stage) -> None:
    stage.page.goto(stage.url)
    expect(stage.page.get_by_role("radio")).to_have_count(16)


@state
def choice_missing(stage: Stage) -> None:
    pick(stage.page, stage.url, ("도시",))
    start(stage.page)
    expect(stage.page.locator("#picker").get_by_role("alert")).to_be_visible()


@state
def welcome(stage: Stage) -> None:
    stage.page.goto(stage.url)
    stage.page.get_by_role("button", name="대화하기").click()
    expect(stage.page.locator(".welcome")).to_be_visible()


def _hold(stage: Stage, behind: int) -> None:
    stage.provider.holds, stage.provider.holds_behind = True, behind
    pick(stage.page, stage.held.url)
    start(stage.page)


@state
def thinking(stage: Stage) -> None:
    _hold(stage, behind=0)
    expect(stage.page.locator(".dots")).to_be_visible()
    expect_state(stage.page, "thinking")


@state
def writing_the_sentence(stage: Stage) -> None:
    _hold(stage, behind=40)
    expect(stage.page.locator(".sentence")).to_have_text(re.compile("비건 생활"))
    expect_state(stage.page, "writing")


@state
def writing_a_card(stage: Stage) -> None:
    _hold(stage, behind=200)
    expect(stage.page.locator(".challenge:not(.complete) .title")).to_have_text(re.compile("둘째"))
    expect(stage.page.locator(".challenge.complete")).to_have_count(1)


@state
def reconnecting(stage: Stage) -> None:
    writing_a_card(stage)
    stage.held.cut()
    expect(stage.page.locator("#status")).to_contain_text("다시 연결하고 있어요")


@state
def offline(stage: Stage) -> None:
    writing_a_card(stage)
    stage.page.context.set_offline(True)
    stage.held.cut()
    expect(stage.page.locator("#status")).to_contain_text("인터넷 연결을 기다리고 있어요")


@state
def stopped(stage: Stage) -> None:
    writing_a_card(stage)
    action(stage.page, "stop")
    expect_state(stage.page, "stopped")


@state
def stopped_before_a_word(stage: Stage) -> None:
    thinking(stage)
    action(stage.page, "stop")
    expect_state(stage.page, "stopped")


@state
def done(stage: Stage) -> None:
    recommend(stage.page, stage.url)


def _talk(stage: Stage, *messages: str) -> None:
    done(stage)
    for count, message in enumerate(messages, start=2):
        say(stage.page, message)
        expect_answers(stage.page, count)


@state
def explanation(stage: Stage) -> None:
    _talk(stage, "2번 자세히")
    expect_state(stage.page, "answered")


@state
def smalltalk(stage: Stage) -> None:
    _talk(stage, "고마워요")
    expect_state(stage.page, "answered")


@state
def declined(stage: Stage) -> None:
    _talk(stage, "이 멍청한 씨발놈아")
    expect_state(stage.page, "answered")


@state
def help_(stage: Stage) -> None:
    _talk(stage, "죽고 싶어요")
    expect_state(stage.page, "answered")
    expect(turn(stage.page, 1).locator(".thumbs")).to_have_count(0)


def _refuse(stage: Stage, status: int, message: str, wait_seconds: int = 0) -> None:
    """The stream is one ``error`` event, as the server sends it to those who cannot read a failed response."""
    envelope = json.dumps({"status": status, "message": message, "data": None}, ensure_ascii=False)
    body = f"event: error\n{f'retry: {wait_seconds}000' if wait_seconds else ':'}\ndata: {envelope}\n\n"
    stage.page.route("**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    pick(stage.page, stage.url)
    start(stage.page)
    expect(turn(stage.page, 0).get_by_role("alert")).to_have_text(message)


@state
def failed(stage: Stage) -> None:
    _refuse(stage, 502, FAILED)
    expect(stage.page.get_by_role("button", name="다시 시도")).to_be_visible()


@state
def too_busy(stage: Stage) -> None:
    _refuse(stage, 503, BUSY, wait_seconds=900)
    expect(stage.page.get_by_role("timer")).to_be_visible()


@state
def too_often(stage: Stage) -> None:
    _refuse(stage, 429, OFTEN, wait_seconds=900)
    expect(stage.page.get_by_role("timer")).to_be_visible()


@state
def refused(stage: Stage) -> None:
    _refuse(stage, 400, REFUSED)
    expect_state(stage.page, "refused")


@state
def unreachable(stage: Stage) -> None:
    body = "event: error\ndata: <h1>Bad gateway</h1>\n\n"
    stage.page.route("**/base-info?*", lambda route: route.fulfill(content_type="text/event-stream", body=body))
    pick(stage.page, stage.url)
    start(stage.page)
    expect(turn(stage.page, 0).get_by_role("alert")).to_contain_text("서버에 연결할 수 없어요")


@state
def notice(stage: Stage) -> None:
    _talk(stage, "플로깅으로 바꿔줘")
    expect(turn(stage.page, 1).get_by_role("button", name="되돌리기")).to_be_visible()


@state
def assumed(stage: Stage) -> None:
    welcome(stage)
    say(stage.page, "쉬운 거 추천해줘")
    expect_answers(stage.page, 1)
    expect(turn(stage.page, 0).locator(".note")).to_be_visible()


@state
def reason_open(stage: Stage) -> None:
    done(stage)
    turn(stage.page, 0).get_by_role("button", name="아쉬워요").click()
    expect(turn(stage.page, 0).get_by_role("textbox")).to_be_visible()
    expect(stage.page.locator(".toast")).to_be_visible()


@state
def toast(stage: Stage) -> None:
    done(stage)
    stage.page.get_by_role("button", name="복사").first.click()
    expect(stage.page.locator(".toast")).to_be_visible()


@state
def forgetting(stage: Stage) -> None:
    done(stage)
    action(stage.page, "forget")
    expect(stage.page.get_by_role("dialog")).to_be_visible()


@state
def forgetting_failed(stage: Stage) -> None:
    forgetting(stage)
    stage.page.route("**/sessions/*", lambda route: route.abort())
    action(stage.page, "erase")
    expect(stage.page.get_by_role("dialog").get_by_role("alert")).to_be_visible()


@state
def forgotten(stage: Stage) -> None:
    forgetting(stage)
    action(stage.page, "erase")
    expect(stage.page.locator("#picker")).to_be_visible()
    expect(stage.page.locator(".toast")).to_be_visible()


@state
def reloaded(stage: Stage) -> None:
    notice(stage)
    stage.page.reload()
    expect_answers(stage.page, 2)


@state
def too_short(stage: Stage) -> None:
    welcome(stage)
    say(stage.page, "네")
    expect(stage.page.locator("#composer").get_by_role("alert")).to_be_visible()


@state
def too_long(stage: Stage) -> None:
    welcome(stage)
    say(stage.page, "가" * 501)
    expect(stage.page.locator("#bounds.over")).to_be_visible()
    expect(stage.page.locator("#composer").get_by_role("alert")).to_be_visible()


def _in_english(stage: Stage) -> None:
    stage.page.goto(stage.url)
    stage.page.get_by_role("link", name="English").click()
    expect(stage.page.get_by_role("button", name="Recommend challenges")).to_be_visible()
    expect(stage.page.get_by_role("radio")).to_have_count(16)


@state
def choices_in_english(stage: Stage) -> None:
    _in_english(stage)


@state
def answer_in_english(stage: Stage) -> None:
    _in_english(stage)
    recommend(stage.page, stage.url)
    say(stage.page, "플로깅으로 바꿔줘")
    expect_answers(stage.page, 2)
    expect(stage.page.get_by_role("button", name="Show me others")).to_be_visible()


@state
def embedded_choices(stage: Stage) -> None:
    stage.page.goto(stage.embedding)
    expect(stage.page.get_by_role("radio")).to_have_count(16)


@state
def embedded_answer(stage: Stage) -> None:
    recommend(stage.page, stage.embedding)
    turn(stage.page, 0).get_by_role("button", name="좋아요").click()
    expect(stage.page.locator(".toast")).to_be_visible()
