"""Every state of the chat before axe-core: WCAG 2.0 to 2.2, A and AA, and its best practices, in light and dark."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.e2e.browser import Line, Phone, chromium
from tests.e2e.server import RunningServer
from tests.e2e.site import Site, page_with_chat
from tests.e2e.states import STATES, STAYING_TOASTS, Stage
from tests.provider import Provider

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
KINDS = ["violations", "incomplete"]
ALL: dict[str, object] = {"resultTypes": KINDS, "runOnly": {"type": "tag", "values": RULES}}
COLOURS: dict[str, object] = {"resultTypes": KINDS, "runOnly": {"type": "rule", "values": COLOUR_RULES}}
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1280, height=800)
WITHOUT_ORNAMENTS = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(".chat::before, .challenge::after, .tick { display: none }");
  document.querySelector("leafresh-chat").shadowRoot.adoptedStyleSheets.push(sheet);
}"""  # axe does not compare colours where a pseudo-element lies behind a text
FORGETTING = "if (!sessionStorage.begun) localStorage.clear(); sessionStorage.begun = 1"
AT_200_PERCENT = ViewportSize(width=640, height=400)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as running:
        yield running


@pytest.fixture(scope="module")
def held_server(provider: Provider) -> Iterator[RunningServer]:
    access = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "k", "LEAFRESH_CHAT_MODEL": "openai:obedient"}
    with RunningServer(env={**access, "LEAFRESH_ABANDON_SECONDS": "0.2"}) as running:
        yield running


@pytest.fixture(scope="module")
def embedding() -> Iterator[tuple[RunningServer, Site]]:
    """A server and another site, whose page embeds its chat."""
    with Site() as site, RunningServer(env={"LEAFRESH_CORS_ORIGINS": site.origin}) as running:
        site.files |= {"/": page_with_chat(running.url), "/site.css": "leafresh-chat { height: 90vh }"}
        yield running, site


@pytest.fixture(scope="module")
def calm(browser: Browser) -> Iterator[BrowserContext]:
    """Has a cache, and moves nothing: half-faded text would look too pale."""
    with browser.new_context(viewport=PHONE, locale="ko-KR", reduced_motion="reduce") as context:
        yield context


@pytest.fixture
def visitor(calm: BrowserContext) -> Iterator[Phone]:
    """Nothing is remembered from the page before."""
    visitor = Phone(calm, calm.new_page())
    visitor.listen()
    visitor.page.add_init_script(FORGETTING)
    yield visitor
    visitor.page.unroute_all(behavior="ignoreErrors")
    calm.set_offline(False)
    calm.clear_cookies()
    visitor.page.close()


@pytest.fixture
def stage_of(
    held_server: RunningServer, embedding: tuple[RunningServer, Site], provider: Provider
) -> Iterator["StageMaker"]:
    yield StageMaker(held_server, *embedding, provider)
    provider.holds = False


class StageMaker:
    def __init__(self, held_server: RunningServer, server: RunningServer, site: Site, provider: Provider) -> None:
        self._held_server, self._server, self._site, self._provider = held_server, server, site, provider

    @contextmanager
    def __call__(self, page: Page) -> Iterator[Stage]:
        page.add_init_script(STAYING_TOASTS)
        with Line(self._held_server.url) as held:
            yield Stage(page, self._server.url, held, self._provider, self._site.origin)


def violations(page: Page, *sizes: ViewportSize) -> list[str]:
    """What axe-core complains of, readable; at these sizes, in both colour schemes."""
    found = []
    schemes: dict[Literal["light", "dark"], dict[str, object]] = {"light": ALL, "dark": COLOURS}
    page.evaluate(AXE_SCRIPT)
    page.evaluate(WITHOUT_ORNAMENTS)
    for size in sizes:
        page.set_viewport_size(size)
        for scheme, options in schemes.items():
            page.emulate_media(color_scheme=scheme)
            result = page.evaluate("options => axe.run(options)", options)
            for violation in result["violations"]:
                places = [node["target"] for node in violation["nodes"]]
                found.append(f"{size['width']} {scheme}: {violation['id']}, {violation['help']}: {places}")
            assert "color-contrast" in {passed["id"] for passed in result["passes"]}, "axe-core saw no text"
            for unsure in (it for it in result["incomplete"] if it["id"] == "color-contrast"):
                assert all("dialog" in str(node["target"]) for node in unsure["nodes"])  # it lies upon other texts
    return found


@pytest.mark.parametrize("name", STATES)
def test_axe_and_the_policy_of_the_page_have_nothing_to_complain_of(
    visitor: Phone, stage_of: StageMaker, name: str
) -> None:
    with stage_of(visitor.page) as stage:
        STATES[name](stage)
        assert [it for it in visitor.complaints if not it.startswith("Failed to load resource")] == []
        assert violations(visitor.page, PHONE, DESKTOP) == []


@pytest.mark.parametrize("name", ["choices", "notice", "reason open", "forgetting", "too busy"])
def test_nor_at_200_percent_where_nothing_scrolls_sideways(browser: Browser, stage_of: StageMaker, name: str) -> None:
    with browser.new_context(
        viewport=AT_200_PERCENT, device_scale_factor=2, locale="ko-KR", bypass_csp=True, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        with stage_of(page) as stage:
            STATES[name](stage)
            assert violations(page, AT_200_PERCENT) == []
            assert not Phone(context, page).scrolls_sideways()
