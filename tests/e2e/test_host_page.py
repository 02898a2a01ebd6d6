"""The chat on pages that make it hard: their styles, policies, routers, shortcuts and frameworks leave it as it is."""

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import Phone, chromium, phone
from tests.e2e.chat import action, expect_answers, expect_state, pick, recommend, say, start
from tests.e2e.server import RunningServer
from tests.e2e.site import Site
from tests.e2e.test_embedding import VIOLATIONS

STYLE = """
html { font-size: 62.5% }
body { text-align: center; white-space: nowrap; letter-spacing: .3em; text-transform: uppercase; line-height: 3;
  font-style: italic; text-indent: 40px; word-spacing: 1em; user-select: none; color: red }
button, p, h2, div, li, textarea { padding: 40px !important; float: right !important; font-size: 9px !important }
leafresh-chat { height: 700px }
"""
SCRIPT = """
window.keys = [];
window.pastes = 0;
addEventListener("keydown", ({ key, target }) => !target.isContentEditable && keys.push(`captured ${key}`), true);
document.addEventListener("keydown", (event) => {
  keys.push(event.key);
  if (event.key === "s" || event.key === " ") event.preventDefault();
});
document.addEventListener("paste", (event) => { pastes += 1; event.preventDefault(); });
window.chat = () => document.querySelector("leafresh-chat");
window.styles = (selector) => {
  const { fontSize, textAlign, letterSpacing, direction, fontStyle, textTransform, paddingTop } =
    getComputedStyle(chat().shadowRoot.querySelector(selector));
  return { fontSize, textAlign, letterSpacing, direction, fontStyle, textTransform, paddingTop };
};
"""
UNTOUCHED = {"letterSpacing": "normal", "direction": "ltr", "fontStyle": "normal", "textTransform": "none"}
ISOLATION = {"Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Opener-Policy": "same-origin"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as opened:
        yield opened


@pytest.fixture(scope="module")
def chat_server(site: Site) -> Iterator[RunningServer]:
    """Knows the site, whose pages are hard on what they embed."""
    with RunningServer(env={"LEAFRESH_CORS_ORIGINS": site.origin}) as running:
        script = f'<script type="module" src="{running.url}/static/chatbot/leafresh-chat.js"></script>'
        head = (
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>x</title>'
            '<link rel="stylesheet" href="/site.css"><script src="/site.js"></script>'
        )
        body = (
            '<a id="hash" href="#top">top</a><div id="here"><leafresh-chat></leafresh-chat></div><div id="there"></div>'
        )
        site.files |= {
            "/": f'<!doctype html><html lang="ko" dir="rtl"><head>{head}</head><body>{body}{script}</body></html>',
            "/site.css": STYLE,
            "/site.js": SCRIPT,
        }
        site.headers = ISOLATION
        site.policy = (
            f"default-src 'self' {running.url}; require-trusted-types-for 'script'; trusted-types leafresh default"
        )
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Phone]:
    with phone(browser) as opened:
        opened.context.add_init_script(VIOLATIONS)
        yield opened


def styles(page: Page, selector: str) -> dict[str, Any]:
    return cast("dict[str, Any]", page.evaluate("(selector) => styles(selector)", selector))


def test_styles_and_policies_of_the_page_leave_the_chat_as_it_is(
    visitor: Phone, site: Site, chat_server: RunningServer
) -> None:
    page = visitor.page
    recommend(page, site.origin)
    assert page.evaluate("crossOriginIsolated")
    assert styles(page, "#message") == {**UNTOUCHED, "fontSize": "16px", "textAlign": "start", "paddingTop": "8px"}
    assert styles(page, ".description") == {**UNTOUCHED, "fontSize": "16px", "textAlign": "start", "paddingTop": "0px"}
    for button in page.locator(".deeds button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(round(box["width"]), round(box["height"])) >= 44, box
    assert not page.evaluate("document.querySelector('leafresh-chat').scrollWidth > innerWidth")
    assert page.evaluate("violations") == []
    assert visitor.complaints == []


def test_the_page_may_have_larger_text(visitor: Phone, site: Site, chat_server: RunningServer) -> None:
    page = visitor.page
    page.goto(site.origin)
    expect(page.get_by_role("radio")).to_have_count(16)
    page.evaluate("document.documentElement.style.fontSize = '20px'")
    assert styles(page, ".greeting p")["fontSize"] == "20px"


def test_what_is_typed_stays_in_the_chat(visitor: Phone, site: Site, chat_server: RunningServer) -> None:
    page = visitor.page
    page.goto(site.origin)
    page.get_by_role("radio", name="도시", exact=True).focus()
    page.keyboard.press("Space")  # the page takes it for itself where it sees it
    expect(page.get_by_role("radio", name="도시", exact=True)).to_be_checked()
    page.get_by_role("button", name="대화하기").click()
    page.evaluate("keys.length = 0")
    page.keyboard.type("sns less")
    expect(page.locator("#message")).to_have_value("sns less")
    assert page.evaluate("keys") == []
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")  # pages move the focus and close what holds the chat
    assert page.evaluate("keys.filter((key) => !key.startsWith('captured'))") == ["Tab", "Escape"]
    page.locator("#message").focus()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("ControlOrMeta+C")
    page.keyboard.press("End")
    page.keyboard.press("ControlOrMeta+V")
    expect(page.locator("#message")).to_have_value("sns lesssns less")
    assert page.evaluate("pastes") == 0


def test_the_conversation_stays_while_the_page_changes_around_it(
    visitor: Phone, site: Site, chat_server: RunningServer
) -> None:
    page = visitor.page
    recommend(page, site.origin)
    page.locator("#message").fill("아직 쓰는 중")
    page.locator("#hash").click()
    page.evaluate("history.pushState({ route: 1 }, '', '/elsewhere')")
    page.go_back()
    page.go_back()
    page.evaluate("dispatchEvent(new PopStateEvent('popstate', { state: { route: 2 } }))")
    expect(page.locator(".turn")).to_be_visible()

    page.evaluate("window.before = chat().shadowRoot.querySelector('.turn'); there.append(chat())")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")
    assert page.evaluate("chat().shadowRoot.querySelector('.turn') === before")
    expect(page.locator("#message")).to_have_value("아직 쓰는 중")

    page.evaluate("window.kept = chat(); kept.remove()")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")
    page.evaluate("here.append(kept)")
    expect_answers(page, 1)
    expect(page.locator("#message")).to_have_value("아직 쓰는 중")
    assert visitor.complaints == []


def test_a_chat_that_the_page_takes_away_begins_nothing_more(visitor: Phone, slow_server: RunningServer) -> None:
    page = visitor.page
    held: list[Route] = []
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url) if "/recommendation/" in it.url else None)

    def hold(route: Route) -> None:
        held.append(route)

    def until_held(act: Callable[[], object]) -> Route:
        act()
        while not held:
            page.wait_for_timeout(20)
        return held.pop()

    def take_away(change: str, finish: Callable[[], object]) -> None:
        page.evaluate(f"history.pushState({{ route: 1 }}, ''); {change}")
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")
        finish()
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 300))")
        assert page.evaluate("history.state") == {"route": 1}

    # A message waits until the answer before it has stopped.
    pick(page, slow_server.url)
    start(page)
    expect_state(page, "writing")
    page.route("**/stop?*", hold)
    stopping = until_held(lambda: say(page, "플로깅으로 바꿔줘"))
    take_away("window.kept = document.querySelector('leafresh-chat'); kept.remove()", stopping.continue_)
    assert len(asked) == 1

    # What was said before is loaded, and an answer of it is still being written.
    def tell(loading: Route) -> None:
        response = loading.fetch()
        told = response.json()
        told["data"]["turns"][-1] |= {"outcome": "running", "answer": None}
        loading.fulfill(response=response, json=told)

    page.route("**/api/chatbot/sessions/*", hold, times=1)
    loading = until_held(lambda: page.evaluate("document.body.append(kept)"))
    take_away("kept.remove()", lambda: tell(loading))
    page.route("**/api/chatbot/sessions/*", hold, times=2)
    loading = until_held(lambda: page.evaluate("document.body.append(kept)"))
    take_away("kept.setAttribute('session', 'another')", lambda: tell(loading))
    assert len(asked) == 1
    until_held(lambda: page.evaluate("kept.remove()")).abort()  # the other session's turns


def test_extensions_attributes_and_drawers(visitor: Phone, site: Site, chat_server: RunningServer) -> None:
    """Dark Reader puts a style into the shadow root, a framework sets attributes late, a drawer shows the chat late."""
    page = visitor.page
    page.goto(site.origin)
    expect(page.get_by_role("radio")).to_have_count(16)
    page.evaluate("""async () => {
      const late = document.createElement("leafresh-chat");
      late.id = "late";
      late.textContent = "until it is ready";
      late.shadowRoot.prepend(document.createElement("style"));
      there.hidden = true;
      there.append(late);
      late.shadowRoot.prepend(document.createElement("style"));
      late.setAttribute("session", localStorage["leafresh.session"]);
      late.setAttribute("lang", "en");
    }""")
    late = page.locator("#late")
    expect(late.locator("#picker [type=submit]")).to_have_text("Recommend challenges")
    assert page.evaluate("late.shadowRoot.querySelector('slot')") is None


def test_several_chats_on_one_page(visitor: Phone, site: Site, chat_server: RunningServer) -> None:
    page = visitor.page
    page.goto(site.origin)
    page.evaluate("""() => {
      const other = document.createElement("leafresh-chat");
      other.setAttribute("session", crypto.randomUUID());
      other.id = "other";
      there.append(other);
    }""")
    other = page.locator("#other")
    for label in ("바닷가", "재택근무", "비건"):
        other.get_by_role("radio", name=label, exact=True).check()
    other.locator("#picker [type=submit]").click()
    expect(other.locator(".challenge.complete")).to_have_count(3)
    expect(page.locator("#here .turn")).to_have_count(0)
    expect(page.locator("#here #picker")).to_be_visible()


def test_a_page_that_the_server_does_not_know_is_told_which_setting_it_needs(
    visitor: Phone, site: Site, server: RunningServer, chat_server: RunningServer
) -> None:
    site.files["/unknown"] = site.files["/"].replace(chat_server.url, server.url)
    policy, site.policy = site.policy, ""
    page = visitor.page
    hint = f"Leafresh: {server.url}/ may not allow this page. It needs LEAFRESH_CORS_ORIGINS={site.origin}"
    with page.expect_console_message(lambda message: message.text == hint):
        page.goto(f"{site.origin}/unknown")
    site.policy = policy
    line = f"A page of '{site.origin}' was kept from the API: LEAFRESH_CORS_ORIGINS does not list its origin."
    assert server.output.count(line) == 1


def test_a_chat_that_is_shown_late_or_shrinks_shows_the_newest_turn(
    visitor: Phone, site: Site, chat_server: RunningServer
) -> None:
    page = visitor.page
    recommend(page, site.origin)
    for count in (2, 3):
        say(page, "다른 거 없어?")
        expect_answers(page, count)
    site.files["/late"] = site.files["/"].replace('<div id="here">', '<div id="here" hidden>')
    page.goto(f"{site.origin}/late")
    expect(page.locator(".turn")).to_have_count(3)
    page.evaluate("here.hidden = false")
    expect(page.locator(".thumbs").last).to_be_in_viewport()

    page.locator("#message").focus()
    page.evaluate("""() => {
      Object.defineProperty(visualViewport, "height", { value: 400 });
      visualViewport.dispatchEvent(new Event("resize"));
    }""")
    page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
    field = page.locator("#message").bounding_box()
    assert field is not None
    assert field["y"] + field["height"] < 400  # above the keyboard


SIZES = [(740, 360), (390, 400), (320, 256)]
"""A phone on its side, one with its keyboard open, and 400 % zoom."""


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_short_window_shows_the_newest_turn_and_follows_it(
    browser: Browser, server: RunningServer, width: int, height: int
) -> None:
    with phone(browser, width=width, height=height) as visitor:
        page = visitor.page
        recommend(page, server.url)
        for count in (2, 3):
            say(page, "다른 거 없어?")
            expect_answers(page, count)
            expect(page.locator(".thumbs").last).to_be_in_viewport()
        page.reload()
        expect_answers(page, 3)
        expect(page.locator(".thumbs").last).to_be_in_viewport()
        say(page, "다른 거 없어?")
        expect_answers(page, 4)
        expect(page.locator(".thumbs").last).to_be_in_viewport()
        assert not visitor.scrolls_sideways()


def test_print_high_contrast_and_copying_without_https(browser: Browser, server: RunningServer) -> None:
    with phone(browser, width=900, height=700, touch=False) as visitor:
        visitor.context.add_init_script("""
          for (const name of ["clipboard", "share"]) Object.defineProperty(navigator, name, { value: undefined });
        """)
        page = visitor.page
        recommend(page, server.url)
        for count in (2, 3, 4):
            action(page, "again")
            expect_answers(page, count)
        title = page.locator(".title").last.text_content()
        page.locator(".deeds button.copy").last.click()
        expect(page.locator(".toast")).to_have_text("복사했어요.")
        expect(page.locator(".deeds button.copy").last).to_be_focused()
        page.locator("#message").focus()
        page.keyboard.press("ControlOrMeta+V")
        assert page.locator("#message").input_value().startswith(f"{title}\n")

        page.emulate_media(media="print")
        expect(page.locator(".dock").last).to_be_hidden()
        for turn in page.locator(".turn").all():
            expect(turn).to_be_visible()
        last = page.locator(".turn").last.bounding_box()
        assert last is not None
        assert page.evaluate("document.documentElement.scrollHeight") >= last["y"] + last["height"] > 1000

        page.emulate_media(media="screen", forced_colors="active")
        thumb = page.locator(".thumbs button.up").last
        before = thumb.evaluate("(it) => getComputedStyle(it).backgroundColor")
        thumb.click()
        expect(thumb).to_have_attribute("aria-pressed", "true")
        assert thumb.evaluate("(it) => getComputedStyle(it).backgroundColor") != before
        action(page, "choose")
        options = (page.locator(f".option{which}").first for which in (":has(:checked)", ":not(:has(:checked))"))
        ticks = [it.locator(".tick").evaluate("(it) => getComputedStyle(it).backgroundColor") for it in options]
        assert ticks[0] != ticks[1]
        start(page)
        expect_answers(page, 5)
