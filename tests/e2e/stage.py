"""A stage shows one state of the chat: it has a page, and the servers for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

from playwright.sync_api import Page

from tests.e2e.browser import Line
from tests.e2e.server import RunningServer
from tests.e2e.site import Site, page_with_chat
from tests.provider import Provider

STAYING_TOASTS = """
const later = window.setTimeout;
window.setTimeout = (act, ms, ...rest) => later(act, ms === 4000 ? 3_600_000 : ms, ...rest);
"""


@dataclass(frozen=True)
class Stage:
    """A page with nothing on it. ``url`` is a server's; ``held`` is the line to one whose model, ``provider``'s, stops
    where it is told to; ``embedding`` is another site's page."""

    page: Page
    url: str
    held: Line
    provider: Provider
    embedding: str


class Theatre:
    """``with Theatre() as theatre, theatre.stage(page) as stage: …``: the servers, for one stage after the other."""

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._provider = opened.enter_context(Provider())
            self._site = opened.enter_context(Site())
            access = {"OPENAI_BASE_URL": self._provider.url, "OPENAI_API_KEY": "k"}
            model = {"LEAFRESH_CHAT_MODEL": "openai:obedient", "LEAFRESH_ABANDON_SECONDS": "0.2"}
            start = {"LEAFRESH_START_URL": "https://app.example.com/start"}
            self._held = opened.enter_context(RunningServer(env={**access, **model, **start}))
            embedded = {"LEAFRESH_CORS_ORIGINS": self._site.origin, **start}
            self._server = opened.enter_context(RunningServer(env=embedded))
            self._site.files |= {
                "/": page_with_chat(self._server.url),
                "/en": page_with_chat(self._server.url, language="en"),
                "/site.css": "leafresh-chat { height: 80vh }",
            }
            self._closing = opened.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._closing.close()

    @contextmanager
    def stage(self, page: Page, *, language: str = "ko") -> Iterator[Stage]:
        """A stage on which toasts stay. At the end, held requests are released."""
        page.add_init_script(STAYING_TOASTS)
        site = self._site.origin + ("/en" if language == "en" else "")
        try:
            with Line(self._held.url) as held:
                yield Stage(page, self._server.url, held, self._provider, site)
        finally:
            self._provider.holds = False
            page.unroute_all(behavior="ignoreErrors")
            page.context.set_offline(False)


Step = Callable[[Stage], None]
