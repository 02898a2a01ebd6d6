"""The prompt studio in real browsers, for the prompt that answers messages: trying them, checking, publishing."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.server import RunningServer
from tests.e2e.sse import FREE_TEXT, stream
from tests.e2e.studio import ANSWERING_STUDIO, WITHIN, Desk, desk, studio_server
from tests.provider import Provider

MESSAGE = "[data-pick='message']"


@pytest.fixture(scope="module")
def server(provider: Provider) -> Iterator[RunningServer]:
    with studio_server(provider) as running:
        yield running


@pytest.fixture
def editor(browser: Browser, server: RunningServer) -> Iterator[Desk]:
    with desk(browser, server.url, "jieun", studio=ANSWERING_STUDIO) as opened:
        opened.open()
        yield opened
        assert [it for it in opened.complaints if "422 (" not in it] == []


def say(person: Desk, message: str) -> None:
    """Writes the message and has both sides answer it, until both are done and measured."""
    person.find(MESSAGE).fill(message)
    person.find("#try").click()
    for side in (person.find(".trial").nth(0), person.find(".trial").nth(1)):
        expect(side.locator(".sentence")).to_contain_text(message, timeout=WITHIN)
        expect(side.locator(".metrics dt")).to_have_count(6, timeout=WITHIN)


def test_from_a_message_to_people(browser: Browser, server: RunningServer, provider: Provider, editor: Desk) -> None:
    editor.replace("짧게 이야기를 나누며", "따뜻하게 이야기를 나누며")
    editor.expect_saved()
    expect(editor.find("#preview-user")).to_contain_text("더 쉬운 거 없어?", timeout=WITHIN)

    say(editor, "2번 자세히")
    expect(editor.find(".trial .kind").first).to_have_text("설명 · 챌린지 없이")
    expect(editor.find(".trial .kind").last).to_have_text("설명 · 챌린지 없이")
    expect(editor.find(".trial .cards li")).to_have_count(0)
    expect(editor.find("#trial-understood .reasons")).to_contain_text("2번")
    expect(editor.find("#preview-user")).to_contain_text("설명할 챌린지", timeout=WITHIN)

    say(editor, "더 쉬운 거")
    expect(editor.find(".trial .kind").first).to_have_text("추천")
    expect(editor.find(".trial .cards li.complete")).to_have_count(6)
    texts = [request["messages"][1]["content"] for request in provider.requests[-2:]]
    assert all("<message>\n더 쉬운 거\n</message>" in text for text in texts)

    editor.find("#check-start").click()
    editor.expect_class("#check-state", "success")
    expect(editor.find("#runs li.not-passed")).to_have_count(0)
    explained = editor.find("#runs li.passed").filter(has_text="“2번 더 자세히 알려 줘”")
    explained.locator("summary").first.click()
    expect(explained.locator(".kind")).to_have_text("설명 · 챌린지 없이")

    with desk(browser, server.url, "sora", studio=ANSWERING_STUDIO) as publisher:
        publisher.open()
        publisher.expect_class("#check-state", "success")
        publisher.find("#note").fill("더 따뜻한 말투")
        publisher.find("#publish").click()
        publisher.page.wait_for_url(f"**{ANSWERING_STUDIO}/change/", timeout=WITHIN)
        assert publisher.complaints == []
    events = list(stream(server.url, path=FREE_TEXT, message="비건 챌린지 추천해 줘"))
    start = next(event for event in events if event.name == "start")
    assert (start.payload["promptVersion"], start.payload["source"]) == ("free-text@2", "openai:obedient")
    assert events[-1].name == "close"
    assert events[-1].payload["recommend"].startswith("“비건 챌린지 추천해 줘” 비건 생활을")
    assert "따뜻하게 이야기를 나누며" in provider.requests[-1]["messages"][0]["content"]


@pytest.mark.parametrize("page", ["editor", "compare"])
def test_what_was_said_last_is_remembered(editor: Desk, page: str) -> None:
    editor.open(page)
    expect(editor.find(MESSAGE)).to_have_value("더 쉬운 거 없어?")
    editor.find(MESSAGE).fill("아이랑 할 수 있는 거")
    editor.find("[data-pick='category']").select_option("PLOGGING")
    editor.page.wait_for_function("Object.values(localStorage).some((kept) => kept.includes('PLOGGING'))")
    editor.open("compare" if page == "editor" else "editor")
    expect(editor.find(MESSAGE)).to_have_value("아이랑 할 수 있는 거")
    expect(editor.find("[data-pick='category']")).to_have_value("PLOGGING")


def test_a_message_that_nobody_can_send_is_told_where_it_is_written(editor: Desk) -> None:
    editor.find(MESSAGE).fill("ㅇ")
    expect(editor.find("#preview-failure")).to_contain_text("2", timeout=WITHIN)
    editor.find("#try").click()
    expect(editor.find("#trial-failure")).to_contain_text("500", timeout=WITHIN)
    expect(editor.find(".trial")).to_have_count(0)
    editor.write("\n그래도 저장돼요.")
    editor.expect_saved()
    say(editor, "괜찮아")
    expect(editor.find("#trial-failure")).to_be_hidden()
    expect(editor.find("#preview-failure")).to_be_hidden(timeout=WITHIN)


def test_what_no_model_is_asked_is_told(editor: Desk, provider: Provider) -> None:
    editor.open("compare")
    asked = len(provider.requests)
    editor.find(MESSAGE).fill("죽고 싶어")
    editor.find("#try").click()
    expect(editor.find("#trial-understood .without-model")).to_be_visible(timeout=WITHIN)
    expect(editor.find(".trial .kind").last).to_have_text("도움 안내 · 챌린지 없이", timeout=WITHIN)
    expect(editor.find(".trial .sentence").last).to_contain_text("109")
    expect(editor.find(".trial .cards li")).to_have_count(0)
    assert len(provider.requests) == asked


def test_a_sample_has_a_message_where_it_is_answered(editor: Desk) -> None:
    editor.page.goto(f"{editor.url}/admin/chatbot/promptsample/add/")
    message = editor.find("#id_message")
    editor.find("#id_template").select_option(label="base-info")
    expect(message).to_be_hidden()
    editor.find("#id_template").select_option(label="free-text")
    expect(message).to_be_visible()
    editor.page.get_by_role("button", name="저장", exact=True).click()
    expect(editor.find("#promptsample_form")).to_contain_text("500", timeout=WITHIN)
    expect(message).to_be_visible()
    message.fill("가족이랑 할 만한 거")
    editor.page.get_by_role("button", name="저장", exact=True).click()
    expect(editor.find("#result_list")).to_contain_text("가족이랑 할 만한 거", timeout=WITHIN)
