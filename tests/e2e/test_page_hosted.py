"""The chat page with a hosted model, on a phone and on a desktop."""

from collections.abc import Iterator
from typing import TypedDict

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import journey, sse
from tests.e2e.browser import Phone, phone
from tests.e2e.chat import action, conversation, expect_answers, expect_state, pick, start, titles
from tests.e2e.server import RunningServer
from tests.provider import Provider


class Screen(TypedDict):
    width: int
    height: int
    touch: bool


PHONE, DESKTOP = Screen(width=390, height=844, touch=True), Screen(width=1280, height=800, touch=False)


def hosted(provider: Provider, model: str) -> RunningServer:
    """A server whose model may be held for as long as a busy machine needs, before the catalogue goes on for it."""
    access = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "k", "LEAFRESH_CHAT_MODEL": f"openai:{model}"}
    return RunningServer(env={**access, "LEAFRESH_TOKEN_SILENCE_SECONDS": "60"})


@pytest.fixture(scope="module")
def server(provider: Provider) -> Iterator[RunningServer]:
    with hosted(provider, "inventive") as running:
        yield running


@pytest.fixture(autouse=True)
def free_provider(provider: Provider) -> Iterator[None]:
    """A test that fails while it holds the provider does not hold it for the next one."""
    yield
    provider.holds, provider.holds_behind = False, 40


def read_along_and_stop(visitor: Phone, provider: Provider) -> None:
    """Turns 5 and 6: stopped after the first card, then asked for again and read to the end."""
    page = visitor.page
    provider.holds, provider.holds_behind = True, 200
    page.get_by_role("group", name="이렇게 말해 보세요").get_by_role("button", name="다른 거 없어?").click()
    expect(page.locator(".turn")).to_have_count(5)
    page.locator(".turn:last-child .challenge:nth-child(2) .title:not(:empty)").wait_for()
    expect_state(page, "writing")
    action(page, "stop")
    expect_state(page, "stopped")
    assert len(titles(page, 4)) == 1
    action(page, "again")
    expect(page.locator(".turn")).to_have_count(6)
    page.locator(".turn:last-child .challenge:nth-child(2) .title:not(:empty)").wait_for()
    provider.holds = False
    expect_answers(page, 6)
    assert visitor.shown == sse.laid_out(visitor.answers[-1])


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_conversation_with_a_hosted_model(
    browser: Browser, server: RunningServer, provider: Provider, screen: Screen
) -> None:
    with phone(browser, **screen) as visitor:
        journey.begin(visitor, server)
        journey.change_and_undo(visitor)
        journey.take_a_suggestion(visitor)
        read_along_and_stop(visitor, provider)
        journey.give_a_reason(visitor, server)
        journey.reload(visitor)
        journey.take_the_thumb_back(visitor, server)
        turns = conversation(visitor, server)
        assert {turn["source"] for turn in turns} == {"openai:inventive"}
        assert [turn["outcome"] for turn in turns] == [*["completed"] * 4, "stopped", "completed"]
        journey.forget(visitor)
        assert visitor.complaints == []


@pytest.mark.parametrize(("model", "half"), [("cut_at_first_character", "비"), ("cut_after", "비건 생활, 오늘")])
def test_half_a_sentence_of_a_model_that_dies_in_it_disappears(
    browser: Browser, provider: Provider, model: str, half: str
) -> None:
    with hosted(provider, model) as server, phone(browser) as visitor:
        pick(visitor.page, server.url)
        start(visitor.page)
        expect_state(visitor.page, "done")
        [answer] = visitor.answers
        assert visitor.kept == [0]
        assert visitor.shown == sse.laid_out(answer)
        assert [it for it in visitor.history if not visitor.shown.startswith(it) and not half.startswith(it)] == []
        assert len(answer["challenges"]) == 3
        expect(visitor.page.locator(".note")).to_have_text("다른 방법으로 이어서 썼어요")
        assert visitor.complaints == []
