"""The prompt studio in real browsers: trying, checking, publishing and rolling back, while people get answers."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.server import RunningServer
from tests.e2e.sse import SELECTION, Background, stream
from tests.e2e.studio import STUDIO, WITHIN, Desk, desk, forget_draft, kept_draft, sign_in, studio_server
from tests.provider import Provider


@pytest.fixture(scope="module")
def shared_server(provider: Provider) -> Iterator[RunningServer]:
    with studio_server(provider) as running:
        yield running


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    """For tests that publish nothing."""
    forget_draft(shared_server)
    return shared_server


@pytest.fixture
def fresh_server(provider: Provider) -> Iterator[RunningServer]:
    """Where only the first version was ever live."""
    with studio_server(provider) as running:
        yield running


def version_of_next_answer(server: RunningServer) -> str:
    """Which version writes the answer that is asked for now."""
    return str(
        next(event for event in stream(server.url, **SELECTION) if event.name == "start").payload["promptVersion"]
    )


def check(person: Desk, outcome: str) -> None:
    """Runs the check until it says ``outcome``, as a class."""
    person.find("#check-start").click()
    person.expect_class("#check-state", outcome)


def try_it(person: Desk) -> None:
    """Both sides write, as it comes, until both are done and measured."""
    person.find("#try").click()
    expect(person.find(".trial .metrics dd")).not_to_have_count(0, timeout=WITHIN)
    for side in (person.find(".trial").nth(0), person.find(".trial").nth(1)):
        expect(side.locator(".metrics dt")).to_have_count(6, timeout=WITHIN)
        expect(side.locator(".sentence")).not_to_be_empty()
        expect(side.locator(".cards li.complete")).to_have_count(3)
    for shown in person.evaluate("sentences"):
        assert len(set(shown)) > 2, "it was not seen while it was written"


def test_from_a_changed_sentence_to_people_and_back(
    browser: Browser, fresh_server: RunningServer, provider: Provider
) -> None:
    with desk(browser, fresh_server.url) as editor:
        sign_in(editor.page, fresh_server.url, "jieun")
        editor.open()
        editor.replace("다정하게 권합니다", "따뜻하게 권합니다")
        editor.expect_saved()
        try_it(editor)
        check(editor, "success")
        expect(editor.find("#runs li.passed")).not_to_have_count(0)
        expect(editor.find("#runs li.not-passed")).to_have_count(0)
        expect(editor.find("#publish")).to_have_count(0)
        assert editor.complaints == []

    with desk(browser, fresh_server.url, "sora") as publisher:
        publisher.open()
        publisher.expect_class("#check-state", "success")
        asked = len(provider.requests)
        provider.holds = True
        running = Background(fresh_server.url, **SELECTION)
        while len(provider.requests) == asked:
            publisher.page.wait_for_timeout(20)

        publisher.find("#note").fill("더 따뜻한 말투")
        publisher.find("#publish").click()
        publisher.page.wait_for_url(f"**{STUDIO}/change/", timeout=WITHIN)
        provider.holds = False
        before = running.join()
        assert before[0].payload["promptVersion"] == "base-info@1"
        assert before[-1].name == "close"
        assert version_of_next_answer(fresh_server) == "base-info@2"

        publisher.find("form[action$='/roll-back/'] button").first.click()
        expect(publisher.find(".history").first.locator("li")).to_have_count(3)
        assert version_of_next_answer(fresh_server) == "base-info@1"
        assert publisher.complaints == []


def test_a_prompt_that_makes_answers_bad_is_not_published(browser: Browser, server: RunningServer) -> None:
    with desk(browser, server.url, "sora") as publisher:
        publisher.open()
        line = next(line for line in publisher.text.splitlines() if "10자 이하" in line)
        publisher.replace(f"{line}\n", "")
        publisher.expect_saved()
        check(publisher, "danger")
        reason = publisher.find(".runs li.not-passed .problems li").first
        expect(reason).to_contain_text("첫째 실천을 오늘부터 매일 한 가지씩")

        publisher.find("#note").fill("짧게")
        publisher.find("#publish").click()
        expect(publisher.find("#publish-failure")).not_to_be_empty(timeout=WITHIN)
        expect(publisher.find("#publish")).to_be_enabled()
        assert publisher.page.url.endswith("/editor/")
        assert version_of_next_answer(server) == "base-info@1"


def test_a_check_is_stopped_begun_again_and_found_again(
    browser: Browser, server: RunningServer, provider: Provider
) -> None:
    with desk(browser, server.url, "jieun") as editor:
        editor.open()
        editor.write("\n더 다정하게")
        provider.holds = True
        editor.find("#check-start").click()
        expect(editor.find("#check-progress")).to_be_visible(timeout=WITHIN)
        editor.find("#check-stop").click()
        expect(editor.find("#check-start")).to_be_enabled(timeout=WITHIN)
        expect(editor.find("#check-stop")).to_be_hidden()
        expect(editor.find("#check-progress")).to_be_hidden()
        stopped = editor.find("#check-state").text_content()

        editor.find("#check-start").click()
        expect(editor.find("#check-progress")).to_be_visible(timeout=WITHIN)
        assert editor.find("#check-state").text_content() != stopped
        editor.page.reload()
        expect(editor.find("#check-progress")).to_be_visible(timeout=WITHIN)
        expect(editor.find("#check-start")).to_be_disabled()
        expect(editor.find("#runs > li")).not_to_have_count(0)
        provider.holds = False
        editor.expect_class("#check-state", "success")
        assert editor.complaints == []


def test_a_check_speaks_for_its_own_text_only(browser: Browser, server: RunningServer) -> None:
    with desk(browser, server.url, "jieun") as editor:
        editor.open()
        editor.write("\n더 친절하게")
        check(editor, "success")
        editor.write(" 그리고 짧게")
        editor.expect_class("#check-state", "warning")
        editor.expect_saved()
        editor.page.keyboard.press("Control+z")
        editor.expect_class("#check-state", "success")


def test_who_types_while_a_check_ends_learns_that_it_is_stale(browser: Browser, server: RunningServer) -> None:
    """The page asks how the draft stands when the check is over, and has to do without the answer."""
    with desk(browser, server.url, "jieun") as editor:
        editor.open()
        editor.write("\n더 상냥하게")
        editor.expect_saved()
        editor.page.route("**/preview/", lambda route: None)
        check(editor, "success")
        editor.write(" 그리고 길게")
        editor.expect_class("#check-state", "warning")


def test_no_script_runs_from_what_people_or_models_wrote(browser: Browser, fresh_server: RunningServer) -> None:
    """The markup is in both texts, in the note, in every answer, and on each side of a conflict.

    Whole tags are removed from answers. A tag without its end stays, as text that begins no tag.
    """
    markup = '<img src=x onerror="window.hacked=1">'
    with desk(browser, fresh_server.url, "sora") as person, desk(browser, fresh_server.url, "minsu") as other:
        for one in (person, other):
            one.context.add_init_script("addEventListener('error', (it) => { if (it.target.src) hacked = 2 }, true)")
            one.open()
        person.write(f"\n{markup}")
        person.find("#user_text").fill(f"{person.find('#user_text').input_value()}\n{markup}")
        person.expect_saved()
        expect(person.find("#preview-system")).to_contain_text(markup)
        try_it(person)
        expect(person.find(".trial .sentence").last).to_have_text(
            re.compile(r"함께 시작해요\.< img src=x onerror=\S+$")
        )
        check(person, "success|danger")
        expect(person.find("#runs details").first).to_be_attached()

        other.write(f"\n{markup} 민수")
        expect(other.find("#conflict")).to_be_visible(timeout=WITHIN)
        expect(other.find("#conflict-system")).to_contain_text(markup)

        list(stream(fresh_server.url, **SELECTION))
        for page in ("impact", "compare"):
            person.open(page)
            expect(person.find("pre.difference").first).to_contain_text(markup)
            assert person.evaluate("window.hacked") is None
        try_it(person)
        assert person.evaluate("window.hacked") is None
        person.open()
        person.find("#note").fill(markup)
        person.find("#publish").click()
        person.page.wait_for_url(f"**{STUDIO}/change/", timeout=WITHIN)
        expect(person.find(".history").first).to_contain_text(markup)
        for one in (person, other):
            assert one.evaluate("window.hacked") is None
            assert one.find("img[src=x]").count() == 0
            assert [it for it in one.complaints if "409 (Conflict)" not in it] == []


def tab_to(person: Desk, selector: str) -> None:
    """Presses Tab until the element has the focus."""
    for _ in range(60):
        person.page.keyboard.press("Tab")
        if person.evaluate(f"document.activeElement?.matches({selector!r}) ?? false"):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_the_keyboard_alone_is_enough(browser: Browser, server: RunningServer) -> None:
    with desk(browser, server.url, "sora") as writer:
        writer.open()
        keyboard = writer.page.keyboard
        writer.find("#system_text").focus()
        keyboard.press("Control+Home")
        keyboard.insert_text("여기는 {{nobody}} 입니다. ")
        keyboard.press("Shift+Tab")
        expect(writer.find("[data-insert]").last).to_be_focused()
        while not writer.evaluate("document.activeElement.dataset.insert === 'location'"):
            keyboard.press("Shift+Tab")
        keyboard.press("Enter")
        expect(writer.find("#system_text")).to_be_focused()
        keyboard.insert_text(" 사람")
        keyboard.press("Control+s")
        writer.expect_written("여기는 {{nobody}} 입니다. {{location}} 사람")
        jump = writer.find("#problems-system_text .jump")
        expect(jump).to_be_visible(timeout=WITHIN)
        assert (kept_draft(server) or ("", ""))[1].startswith("여기는 {{nobody}} 입니다. {{location}} 사람")

        tab_to(writer, ".jump")
        keyboard.press("Enter")
        expect(writer.find("#system_text")).to_be_focused()
        assert writer.evaluate("String(getSelection())") == "{{nobody}}"
        keyboard.insert_text("도움")
        keyboard.press("Control+s")
        expect(jump).to_have_count(0, timeout=WITHIN)
        for button in ("#try", "#check-start", "#note", "#publish"):
            tab_to(writer, button)
        assert writer.complaints == []
