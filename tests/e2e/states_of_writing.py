"""States while an answer is written, and where that stopped. For states.py."""

import re

from playwright.sync_api import expect

from tests.e2e.chat import action, expect_state, pick, start
from tests.e2e.stage import Stage


def _hold(stage: Stage, behind: int) -> None:
    stage.provider.holds, stage.provider.holds_behind = True, behind
    pick(stage.page, stage.held.url)
    start(stage.page)


def thinking(stage: Stage) -> None:
    """The model has not written anything yet."""
    _hold(stage, behind=0)
    expect(stage.page.locator(".dots")).to_be_visible()
    expect_state(stage.page, "thinking")


def writing_the_sentence(stage: Stage) -> None:
    """The sentence is being written."""
    _hold(stage, behind=40)
    expect(stage.page.locator(".sentence")).to_have_text(re.compile("비건 생활"))
    expect_state(stage.page, "writing")


def writing_a_card(stage: Stage) -> None:
    """One challenge is complete and can be started, copied and shared; the next one is being written."""
    _hold(stage, behind=200)
    expect(stage.page.locator(".challenge:not(.complete) .title")).to_have_text(re.compile("둘째"))
    expect(stage.page.locator(".challenge.complete")).to_have_count(1)


def reconnecting(stage: Stage) -> None:
    """The connection broke; what was written stays, and the chat reconnects by itself."""
    stage.held.cut()
    expect_state(stage.page, "reconnecting")


def offline(stage: Stage) -> None:
    """There is no network; the chat waits for it."""
    stage.page.context.set_offline(True)
    reconnecting(stage)


def stopped(stage: Stage) -> None:
    """The person stopped the answer: what was complete stays."""
    action(stage.page, "stop")
    expect_state(stage.page, "stopped")


def stopped_before_a_word(stage: Stage) -> None:
    """The person stopped the answer before there was anything to read."""
    stopped(stage)
