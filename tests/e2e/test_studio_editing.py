"""The prompt studio's editor in real browsers: no text is lost or overwritten by accident."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.e2e.browser import Line
from tests.e2e.server import RunningServer
from tests.e2e.studio import WITHIN, Desk, desk, forget_draft, kept_draft, sign_in, studio_server


@pytest.fixture(scope="module")
def running_server() -> Iterator[RunningServer]:
    with studio_server() as running:
        yield running


@pytest.fixture
def server(running_server: RunningServer) -> RunningServer:
    forget_draft(running_server)
    return running_server


@pytest.fixture
def mine(browser: Browser, server: RunningServer) -> Iterator[Desk]:
    with desk(browser, server.url, "jieun") as opened:
        yield opened
        assert [it for it in opened.complaints if not re.search(r"\b409\b|\b401\b|ERR_", it)] == []


@pytest.fixture
def theirs(browser: Browser, server: RunningServer) -> Iterator[Desk]:
    with desk(browser, server.url, "minsu") as opened:
        yield opened


def kept(server: RunningServer) -> tuple[int, str, str]:
    draft = kept_draft(server)
    assert draft is not None
    return draft


def come_between(mine: Desk, theirs: Desk) -> None:
    """Both open the draft; ``theirs`` is saved first, then ``mine`` meets the conflict."""
    mine.open()
    theirs.open()
    theirs.write("\n민수의 문장")
    theirs.expect_saved()
    mine.write("\n지은의 문장")
    expect(mine.find("#conflict")).to_be_visible(timeout=WITHIN)


def test_the_second_editor_sees_whose_change_came_between(mine: Desk, theirs: Desk, server: RunningServer) -> None:
    come_between(mine, theirs)
    mine.expect_class("#save-state", "danger")
    expect(mine.find("#conflict-words")).to_contain_text("minsu")
    expect(mine.find("#conflict-system del")).to_contain_text("민수")
    expect(mine.find("#conflict-system ins")).to_contain_text("지은")
    assert "지은의 문장" in mine.text
    revision, text, editor = kept(server)
    assert (revision, editor) == (1, "minsu")
    assert "지은" not in text

    mine.write(" 그리고 더")
    mine.find("#take-mine").click()
    mine.expect_saved()
    expect(mine.find("#conflict")).to_be_hidden()
    revision, text, editor = kept(server)
    assert (revision, editor) == (2, "jieun")
    assert text.endswith("지은의 문장 그리고 더")


def test_theirs_can_be_taken_and_mine_brought_back(mine: Desk, theirs: Desk, server: RunningServer) -> None:
    come_between(mine, theirs)
    mine.find("#take-theirs").click()
    mine.expect_written("민수의 문장")
    mine.expect_saved()
    assert "지은의 문장" not in mine.text
    assert kept(server)[0] == 1

    mine.find("#bring-back").click()
    mine.expect_written("지은의 문장")
    mine.expect_saved()
    expect(mine.find("#bring-back")).to_be_hidden()
    revision, text, editor = kept(server)
    assert (revision, editor) == (2, "jieun")
    assert text.endswith("지은의 문장")


def test_without_a_connection_text_waits_and_is_saved_by_itself(mine: Desk, server: RunningServer) -> None:
    with Line(server.url) as line:
        mine.url = line.url
        mine.open()
        line.cut()
        mine.write("\n끊긴 동안")
        mine.expect_class("#save-state", "warning")
        mine.write(" 쓴 문장")
        assert kept_draft(server) is None
        line.mend()
        mine.expect_saved()
        assert kept(server)[1].count("끊긴 동안 쓴 문장") == 1
        expect(mine.find("#conflict")).to_be_hidden()


@pytest.mark.parametrize("goes_on", [False, True], ids=["waits", "types on"])
def test_a_lost_answer_is_no_conflict_with_oneself(mine: Desk, server: RunningServer, goes_on: bool) -> None:
    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    mine.open()
    mine.page.route("**/draft/", lose_the_answer, times=1)
    mine.write("\n첫 문장")
    mine.expect_class("#save-state", "warning")
    assert kept(server)[0] == 1
    if goes_on:
        mine.write(" 그리고 다음")
    mine.expect_saved()
    expect(mine.find("#conflict")).to_be_hidden()
    revision, text, _ = kept(server)
    assert revision == (2 if goes_on else 1)
    assert text.endswith("첫 문장 그리고 다음" if goes_on else "첫 문장")


def test_who_was_signed_out_signs_in_elsewhere_and_goes_on(mine: Desk, server: RunningServer) -> None:
    mine.open()
    mine.context.clear_cookies(name="sessionid")
    mine.write("\n지은의 문장")
    mine.expect_class("#save-state", "warning")
    assert kept_draft(server) is None
    sign_in(mine.context.new_page(), server.url, "jieun")
    mine.expect_saved()
    assert kept(server)[1].endswith("지은의 문장")


def close_with_unsaved_text(mine: Desk, line: Line) -> None:
    """Types while the line is cut, and leaves although the page asks."""
    mine.url = line.url
    mine.open()
    line.cut()
    mine.write("\n닫기 전에 쓴 문장")
    mine.expect_class("#save-state", "warning")
    # A page that is hidden saves once more, also when it is closed: that must not get through the mended line.
    mine.page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('cut')); }")
    mine.page.close(run_before_unload=True)
    if not mine.page.is_closed():
        mine.page.wait_for_event("close")
    assert mine.dialogs == ["beforeunload"]
    line.mend()
    mine.page = mine.context.new_page()


def test_a_closed_page_brings_its_text_back(mine: Desk, server: RunningServer) -> None:
    with Line(server.url) as line:
        close_with_unsaved_text(mine, line)
        assert kept_draft(server) is None
        mine.open()
        expect(mine.find("#restored")).to_be_visible()
        mine.expect_written("닫기 전에 쓴 문장")
        mine.expect_saved()
        assert kept(server)[1].endswith("닫기 전에 쓴 문장")
        mine.open()
        expect(mine.find("#restored")).to_be_hidden()


def test_a_closed_page_overwrites_nobody(mine: Desk, theirs: Desk, server: RunningServer) -> None:
    with Line(server.url) as line:
        close_with_unsaved_text(mine, line)
        theirs.open()
        theirs.write("\n민수의 문장")
        theirs.expect_saved()

        mine.open()
        expect(mine.find("#conflict")).to_be_visible(timeout=WITHIN)
        expect(mine.find("#conflict-words")).to_contain_text("minsu")
        mine.expect_written("닫기 전에 쓴 문장")
        assert kept(server)[1].endswith("민수의 문장")
        mine.find("#take-mine").click()
        mine.expect_saved()
        assert kept(server)[1].endswith("닫기 전에 쓴 문장")


def test_what_was_saved_after_all_is_not_brought_back(mine: Desk, theirs: Desk, server: RunningServer) -> None:
    """The answer was lost with the page: the text is the server's, so later changes of others are no conflict."""

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    mine.open()
    mine.page.route("**/draft/", lose_the_answer, times=1)
    mine.write("\n지은의 문장")
    mine.expect_class("#save-state", "warning")
    mine.open()
    mine.expect_written("지은의 문장")
    expect(mine.find("#restored")).to_be_hidden()
    theirs.open()
    theirs.write("\n민수의 문장")
    theirs.expect_saved()
    mine.open()
    mine.expect_written("민수의 문장")
    expect(mine.find("#restored")).to_be_hidden()
    expect(mine.find("#conflict")).to_be_hidden()
    assert kept(server)[0] == 2
