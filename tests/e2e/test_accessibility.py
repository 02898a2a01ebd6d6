"""Every state of the chat before axe-core: WCAG 2.0 to 2.2, A and AA, and its best practices, in light and dark."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.e2e import states, states_of_failure, states_of_writing
from tests.e2e.browser import Phone
from tests.e2e.stage import Step, Theatre
from tests.e2e.states import PATHS, name_of

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
}"""  # axe does not compare colours where a pseudo-element lies below a text
FORGETTING = "if (!sessionStorage.begun) localStorage.clear(); sessionStorage.begun = 1"
OTHERWISE_ON_A_DESKTOP = {
    states.choices,
    states.choice_missing,
    states.welcome,
    states_of_writing.writing_a_card,
    states.done,
    states.explanation,
    states.notice,
    states.forgetting,
    states.embedded_answer,
    states_of_failure.too_busy,
}
LYING_UPON_TEXTS = "dialog[open], .toast:not([hidden])"  # those are looked at without it, too
AT_200_PERCENT = ViewportSize(width=640, height=400)


@pytest.fixture(scope="module")
def theatre() -> Iterator[Theatre]:
    with Theatre() as opened:
        yield opened


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
    calm.clear_cookies()
    visitor.page.close()


def violations(page: Page, *sizes: ViewportSize) -> list[str]:
    """What axe-core complains of, readable; at these sizes, in both colour schemes."""
    found = []
    schemes: dict[Literal["light", "dark"], dict[str, object]] = {"light": ALL, "dark": COLOURS}
    if not page.evaluate("'axe' in window"):
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
            if "color-contrast" not in {passed["id"] for passed in result["passes"]}:
                found.append(f"{size['width']} {scheme}: axe-core saw no text")
            unsure = [it["nodes"] for it in result["incomplete"] if it["id"] == "color-contrast"]
            if unsure and not page.locator(LYING_UPON_TEXTS).count():
                found.append(f"{size['width']} {scheme}: contrast unknown: {unsure}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(sizes[0])
    return found


@pytest.mark.parametrize("path", PATHS, ids=lambda path: ", ".join(map(name_of, path)))
def test_axe_and_the_policy_of_the_page_have_nothing_to_complain_of(
    visitor: Phone, theatre: Theatre, path: tuple[Step, ...]
) -> None:
    with theatre.stage(visitor.page) as stage:
        for step in path:
            step(stage)
            sizes = (PHONE, DESKTOP) if step in OTHERWISE_ON_A_DESKTOP else (PHONE,)
            assert [it for it in visitor.complaints if not it.startswith("Failed to load resource")] == [], name_of(
                step
            )
            assert violations(visitor.page, *sizes) == [], name_of(step)
            visitor.complaints.clear()  # the policy forbids axe-core a style that it tries


@pytest.mark.parametrize(
    "step",
    [states.choices, states.notice, states.reason_open, states.forgetting, states_of_failure.too_busy],
    ids=name_of,
)
def test_nor_at_200_percent_where_nothing_scrolls_sideways(browser: Browser, theatre: Theatre, step: Step) -> None:
    with browser.new_context(
        viewport=AT_200_PERCENT, device_scale_factor=2, locale="ko-KR", bypass_csp=True, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        with theatre.stage(page) as stage:
            for each in states.path_to(step):
                each(stage)
            assert violations(page, AT_200_PERCENT) == []
            assert not Phone(context, page).scrolls_sideways()
