"""A real browser for tests: Chromium with a phone's screen, a record of the shown texts, and a connection to cut."""

import contextlib
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

EXECUTABLE = shutil.which("chromium-headless-shell") or "/usr/bin/chromium"
"""Debian's headless Chromium, which takes half the processor time; the complete Chromium if it is missing."""

expect.set_options(timeout=60_000)  # ms, instead of five seconds: what is waited for comes, on a busy machine later

ARGUMENTS = [
    "--no-sandbox",  # tests also run as root, in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Notes in `seen` every text that a turn showed, in order, what its streams took back, and what they ended with.
RECORDER = """
window.seen = { shown: [], rewrite: [], close: [] };
window.turns = () => [...(document.querySelector("leafresh-chat")?.shadowRoot.querySelectorAll(".turn") ?? [])];
window.laidOut = (turn) => [
  turn.querySelector(".sentence").textContent,
  ...Array.from(turn.querySelectorAll(".challenge"), (card, index) => {
    const [title, description] = [".title", ".description"].map((part) => card.querySelector(part).textContent);
    return [`${index + 1}. ${title}`, description].filter(Boolean).join("\\n");
  }),
].filter(Boolean).join("\\n\\n");
const observer = new MutationObserver(() => {
  const turn = turns().at(-1);
  const text = turn ? laidOut(turn) : "";
  if (text !== seen.shown.at(-1)) seen.shown.push(text);
});
const attachShadow = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (...options) {
  const root = attachShadow.apply(this, options);
  observer.observe(root, { subtree: true, childList: true, characterData: true });
  return root;
};
const ask = window.fetch;
window.fetch = async (...request) => {
  const response = await ask(...request);
  if (response.headers.get("Content-Type")?.startsWith("text/event-stream")) window.note(response.clone().body);
  return response;
};
window.note = async (body) => {
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  let frames = [""];
  for (let read; !(read = await reader.read().catch(() => ({ done: true }))).done; ) {
    frames = (frames.at(-1) + decoder.decode(read.value, { stream: true })).split("\\n\\n");
    for (const frame of frames.slice(0, -1)) {
      const [, name, data] = /^event: (close|rewrite)\\n(?:.*\\n)*data: (.*)$/m.exec(frame) ?? [];
      if (name) window.seen[name].push(JSON.parse(data).data);
    }
  }
};
"""


WIDER = """
document.documentElement.scrollWidth > innerWidth ||
[...document.querySelector("leafresh-chat").shadowRoot.querySelectorAll(".view:not([hidden]) .scroll")]
  .some((part) => part.scrollWidth > part.clientWidth)
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser. Playwright's event loop runs in this thread until Playwright stops. In that time, no test with
    another event loop may run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Phone:
    """A Korean phone with one page open. ``complaints`` are errors in the page's console."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Records complaints from now on."""
        self.page.on("console", lambda it: self.complaints.append(it.text) if it.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    @property
    def shown(self) -> str:
        """The text of the last turn in the layout of an answer."""
        return cast("str", self.page.evaluate("laidOut(turns().at(-1))"))

    @property
    def history(self) -> list[str]:
        """Every text that was shown, one after the other."""
        return cast("list[str]", self.page.evaluate("seen.shown"))

    @property
    def answers(self) -> list[dict[str, Any]]:
        """The answers with which streams closed."""
        return cast("list[dict[str, Any]]", self.page.evaluate("seen.close"))

    @property
    def kept(self) -> list[int]:
        """The length of the remaining text after each rewrite."""
        return cast("list[int]", self.page.evaluate("seen.rewrite.map((it) => it.length)"))

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the screen, or a part of the chat is wider than the chat."""
        return cast("bool", self.page.evaluate(WIDER))


@contextmanager
def phone(browser: Browser, *, width: int = 390, height: int = 844, touch: bool = True) -> Iterator[Phone]:
    """A new phone, or without ``touch`` a desktop, with empty storage and no page."""
    with browser.new_context(
        viewport={"width": width, "height": height}, locale="ko-KR", is_mobile=touch, has_touch=touch
    ) as context:
        context.add_init_script(RECORDER)
        opened = Phone(context, context.new_page())
        opened.listen()
        yield opened


IN_THE_SECOND_CHALLENGE = b'"index":2'
"""In the middle of the event that it is complete."""


class Line:
    """The connection between a browser and a server, which a test can cut:
    ``with Line(server.url) as line: … line.url``.

    While it is cut, open connections break and new ones fail. ``cut_behind`` are bytes after which it breaks by itself:
    no byte after their first occurrence is passed on.
    """

    def __init__(self, server_url: str) -> None:
        self._server = ("127.0.0.1", urlsplit(server_url).port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._is_cut = False
        self._sign = b""
        self._lock = threading.Lock()  # a connection is either in `_open` before a cut, or refused by it

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def cut_behind(self, sign: bytes) -> None:
        self._sign = sign

    def mend(self) -> None:
        self._is_cut = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed: the test is over
            while True:
                near, _ = self._listener.accept()
                with self._lock:
                    if self._is_cut:
                        near.close()
                        continue
                    far = socket.create_connection(self._server)
                    self._open |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            said = b""
            while data := source.recv(65536):
                begun = len(said)
                said += data
                if self._sign and (found := said.find(self._sign)) >= 0:
                    target.sendall(said[begun : found + len(self._sign)])
                    self._sign = b""
                    self.cut()
                else:
                    target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(source)
        source.close()
