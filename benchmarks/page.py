"""``python -m benchmarks.page``: how soon the chat page is there, beside the limits that Lighthouse calls good.

Loads the page in headless Chromium, each time with an empty cache, as a desktop on a fast line and as Lighthouse's
phone. The phone has a line of 150 ms and 1.6 Mbit/s and a processor four times slower. Both also meet an API that does
not answer. Prints medians of five loads beside their limits, and exits with status 1 when one is over its limit.

The limits (first and largest paint, layout shift, blocking time) and the phone's "mobile slow 4G" are Lighthouse's:
https://developer.chrome.com/docs/lighthouse/performance
"""

import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from playwright.sync_api import Browser, Page, Route

from tests.e2e.browser import chromium
from tests.e2e.server import RunningServer

LOADS = 5
LIMITS = {
    "first paint (ms)": 1_800,
    "largest paint (ms)": 2_500,
    "layout shift": 0.1,
    "blocking time (ms)": 200,
    "choices shown (ms)": 3_800,
    "transferred (KB)": 100,
    "requests": 25,
}
"""Those of Lighthouse for a good page; the last three are ours (3.8 s is its limit for "interactive")."""

OBSERVER = """
window.figures = { paint: 0, shift: 0, blocking: 0 };
const watch = (type, take) =>
  new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
watch("largest-contentful-paint", (it) => (figures.paint = it.startTime));
watch("layout-shift", (it) => (figures.shift += it.hadRecentInput ? 0 : it.value));
watch("longtask", (it) => (figures.blocking += Math.max(0, it.duration - 50)));
"""
READ = """
() => {
  const resources = performance.getEntriesByType("resource");
  const [page] = performance.getEntriesByType("navigation");
  return {
    "first paint (ms)": performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Infinity,
    "largest paint (ms)": figures.paint,
    "layout shift": figures.shift,
    "blocking time (ms)": figures.blocking,
    "transferred (KB)": [page, ...resources].reduce((sum, it) => sum + it.transferSize, 0) / 1024,
    "requests": 1 + resources.length,
  };
}
"""
CHOICES_SHOWN = """
() => document.querySelector("leafresh-chat")?.shadowRoot?.querySelectorAll("[type=radio]").length > 0 &&
  performance.now()
"""


@dataclass(frozen=True)
class Visitor:
    """A screen, its line and its processor. ``kilobits`` a second and ``latency`` in ms; 0 is not throttled."""

    name: str
    width: int
    height: int
    latency: int = 0
    kilobits: int = 0
    slowdown: int = 1


DESKTOP = Visitor("desktop", 1350, 940)
PHONE = Visitor("phone, slow 4G", 412, 823, latency=150, kilobits=1_638, slowdown=4)


@contextmanager
def page_of(browser: Browser, visitor: Visitor) -> Iterator[Page]:
    """A page of a fresh browser profile that is throttled as the visitor is."""
    size = {"width": visitor.width, "height": visitor.height}
    with browser.new_context(viewport=size, locale="ko-KR") as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.add_init_script(OBSERVER)
        tools = context.new_cdp_session(page)
        tools.send("Emulation.setCPUThrottlingRate", {"rate": visitor.slowdown})
        if visitor.kilobits:
            speed = visitor.kilobits * 1024 / 8
            line = {"latency": visitor.latency, "downloadThroughput": speed, "uploadThroughput": speed}
            tools.send("Network.enable")
            tools.send("Network.emulateNetworkConditions", {"offline": False, **line})
        yield page


def load(browser: Browser, visitor: Visitor, url: str, *, has_api: bool) -> dict[str, float]:
    """The figures of one load, by name."""
    with page_of(browser, visitor) as page:
        waiting: list[Route] = []
        if not has_api:
            page.route("**/api/**", lambda route: waiting.append(route))  # noqa: PLW0108  Playwright marks what it is given
        page.goto(url)
        shown = 0.0
        if has_api:
            shown = cast("float", page.wait_for_function(CHOICES_SHOWN).json_value())
        page.wait_for_timeout(500)  # late shifts and paints
        figures = cast("dict[str, float]", page.evaluate(READ))
        for route in waiting:
            route.abort()
        return {**figures, "choices shown (ms)": shown} if has_api else figures


def main() -> None:
    is_good = True
    with RunningServer() as server, chromium() as browser:
        load(browser, DESKTOP, server.url, has_api=True)  # the server's first page compiles its template
        for visitor in (DESKTOP, PHONE):
            for has_api in (True, False):
                loads = [load(browser, visitor, server.url, has_api=has_api) for _ in range(LOADS)]
                sys.stdout.write(f"\n{visitor.name}{'' if has_api else ', the API silent'}\n")
                for name, limit in LIMITS.items():
                    if name not in loads[0]:
                        continue
                    value = statistics.median(figures[name] for figures in loads)
                    is_good &= value <= limit
                    sys.stdout.write(f"  {name:<20} {value:>9.2f}  limit {limit:>7}  ratio {value / limit:.2f}\n")
    if not is_good:
        sys.exit(1)


if __name__ == "__main__":
    main()
