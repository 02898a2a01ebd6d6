"""The chat on another site's page: the two lines of the documentation, with a strict content security policy."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import sse
from tests.e2e.browser import Phone, phone
from tests.e2e.chat import expect_answers, recommend, say, turn
from tests.e2e.server import RunningServer
from tests.e2e.site import Site, page_with_chat

STYLE = "leafresh-chat { height: 700px; --leafresh-accent: rgb(11, 92, 173); --leafresh-on-accent: rgb(255, 255, 255) }"
VIOLATIONS = """
window.violations = [];
addEventListener("securitypolicyviolation", (it) => violations.push(`${it.violatedDirective} ${it.blockedURI}`));
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as opened:
        yield opened


@pytest.fixture(scope="module", autouse=True)
def known_server(site: Site) -> Iterator[RunningServer]:
    """Knows the site, whose page embeds its chat and allows of the server what the documentation asks for."""
    with RunningServer(env={"LEAFRESH_CORS_ORIGINS": site.origin}) as running:
        site.files |= {"/": page_with_chat(running.url), "/site.css": STYLE}
        itself = {"style-src": "'self' ", "img-src": "'self' "}  # the site's own style sheet and icon
        names = ("script-src", "style-src", "img-src", "connect-src")
        allowed = "; ".join(f"{name} {itself.get(name, '')}{running.url}" for name in names)
        site.policy = f"default-src 'none'; {allowed}"
        yield running


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Phone]:
    with phone(browser) as opened:
        opened.context.add_init_script(VIOLATIONS)
        yield opened


def test_the_whole_journey_on_another_sites_page(visitor: Phone, site: Site) -> None:
    page = visitor.page
    recommend(page, site.origin)
    [answer] = visitor.answers
    assert visitor.shown == sse.laid_out(answer)
    expect(page.locator(".challenge.complete")).to_have_count(3)

    say(page, "플로깅으로 바꿔줘")
    expect_answers(page, 2)
    thumb = turn(page, 1).get_by_role("button", name="아쉬워요")
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".toast")).to_have_text("알려 주셔서 고마워요.")  # saved: the button is pressed before that
    page.reload()
    expect_answers(page, 2)
    expect(thumb).to_have_attribute("aria-pressed", "true")

    page.get_by_role("button", name="대화 지우기").click()
    page.get_by_role("dialog").get_by_role("button", name="지우기").click()
    expect(page.locator(".turn")).to_have_count(0)
    assert page.evaluate("violations") == []
    assert visitor.complaints == []


def test_the_site_chooses_colour_and_size(visitor: Phone, site: Site) -> None:
    page = visitor.page
    page.goto(site.origin)
    submit = page.locator("#picker [type=submit]")
    expect(submit).to_have_css("background-color", "rgb(11, 92, 173)")
    expect(submit).to_have_css("color", "rgb(255, 255, 255)")
    expect(page.locator("leafresh-chat")).to_have_css("height", "700px")
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(0, 0, 0)"  # not the chat's
    assert page.evaluate("violations") == []
