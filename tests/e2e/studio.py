"""The prompt studio for tests: a server with editors and a publisher, their browsers, and the stored draft."""

import atexit
import functools
import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Page, expect

from tests.e2e import databases
from tests.e2e.server import RunningServer, manage, prepared_data
from tests.provider import Provider

PASSWORD = "leafresh-studio-1"  # noqa: S105  of throw-away accounts
PEOPLE = {"jieun": "Prompt editor", "minsu": "Prompt editor", "sora": "Prompt publisher"}
"""The people, with their groups."""

STUDIO = "/admin/chatbot/prompttemplate/1"
ANSWERING_STUDIO = "/admin/chatbot/prompttemplate/2"
"""The addresses of the studios of ``base-info`` and ``free-text``."""

WITHIN = 60_000
"""The time limit in milliseconds of a check, a trial or a page. Tests wait for conditions, not for times."""

_MAKE_PEOPLE = f"""
import json
from django.contrib.auth.models import Group, User
from django.test import Client
from chatbot.models import PromptTemplate

assert [template.key for template in PromptTemplate.objects.order_by("pk")] == ["base-info", "free-text"]
sessions = {{}}
for name, group in {PEOPLE!r}.items():
    user = User.objects.create_user(name, password={PASSWORD!r}, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    sessions[name] = client.cookies["sessionid"].value
print(json.dumps(sessions))
"""

# Notes in `sentences` every text that each side of a trial showed, in order.
_RECORDER = """
window.sentences = [[], []];
new MutationObserver(() => document.querySelectorAll(".trial .sentence").forEach(({ textContent }, side) => {
  if (textContent !== window.sentences[side].at(-1)) window.sentences[side].push(textContent);
})).observe(document, { subtree: true, childList: true, characterData: true });
"""


@functools.cache
def _people() -> tuple[Path, dict[str, str]]:
    """Prepared data with people in it, and the key of a session for each; copied for each server."""
    directory = Path(tempfile.mkdtemp(prefix="leafresh-test-"))
    atexit.register(databases.remove_data, directory)
    databases.copy_data(prepared_data(), directory)
    sessions: dict[str, str] = json.loads(manage(directory, "shell", "--verbosity=0", "-c", _MAKE_PEOPLE))
    return directory, sessions


@contextmanager
def studio_server(provider: Provider | None = None, **env: str) -> Iterator[RunningServer]:
    """A server with people. Its model is the provider's obedient one; without a provider, the catalogue."""
    model = {"LEAFRESH_CHAT_MODEL": "catalog"}
    if provider is not None:
        model = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "k", "LEAFRESH_CHAT_MODEL": "openai:obedient"}
    data_dir = databases.copy_data(_people()[0], Path(tempfile.mkdtemp(prefix="leafresh-test-")))
    try:
        with RunningServer(env={**model, "LEAFRESH_TOKEN_SILENCE_SECONDS": "60", **env}, data_dir=data_dir) as server:
            yield server
    finally:
        databases.remove_data(data_dir)


def forget_draft(server: RunningServer) -> None:
    """Resets the draft to the live version."""
    server.sql("DELETE FROM chatbot_promptdraft")


def kept_draft(server: RunningServer) -> tuple[int, str, str] | None:
    """Revision, system text and last editor of the draft in the database; None when there is none."""
    query = """SELECT revision, system_text, username FROM chatbot_promptdraft
        LEFT JOIN auth_user ON auth_user.id = edited_by_id"""
    found = server.sql(query)
    return found[0] if found else None


@dataclass
class Desk:
    """A desktop browser of one person. ``complaints`` are errors in the page's console, ``dialogs`` what asked."""

    context: BrowserContext
    page: Page
    url: str
    studio: str = STUDIO
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def open(self, name: str = "editor", query: str = "") -> None:
        self.page.goto(f"{self.url}{self.studio}/{name}/{query}")

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    @property
    def text(self) -> str:
        return self.find("#system_text").input_value()

    def write(self, text: str) -> None:
        """Types the text below what the system text says."""
        self.find("#system_text").focus()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(text)

    def replace(self, old: str, new: str) -> None:
        text = self.text
        assert old in text
        self.find("#system_text").fill(text.replace(old, new))

    def expect_class(self, selector: str, word: str) -> None:
        expect(self.find(selector)).to_have_class(re.compile(rf"\b{word}\b"), timeout=WITHIN)

    def expect_saved(self) -> None:
        self.expect_class("#save-state", "success")

    def expect_written(self, part: str) -> None:
        """The system text contains ``part``."""
        expect(self.find("#system_text")).to_have_value(re.compile(re.escape(part)), timeout=WITHIN)

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)


def sign_in(page: Page, url: str, name: str) -> None:
    """Logs in on the login page."""
    page.goto(f"{url}/admin/login/")
    page.locator("#id_username").fill(name)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    expect(page.locator("#id_password")).to_have_count(0, timeout=WITHIN)


def is_fault(message: ConsoleMessage) -> bool:
    return message.type == "error" and not message.location["url"].endswith("/favicon.ico")


@contextmanager
def desk(browser: Browser, url: str, name: str | None = None, *, studio: str = STUDIO) -> Iterator[Desk]:
    """A fresh desktop browser, signed in as ``name``, in one of the studios."""
    viewport: Any = {"width": 1440, "height": 1000}
    with browser.new_context(viewport=viewport, locale="ko-KR") as context:
        context.add_init_script(_RECORDER)
        if name is not None:
            session = _people()[1][name]
            context.add_cookies([{"name": "sessionid", "value": session, "url": url, "httpOnly": True}])
        opened = Desk(context, context.new_page(), url, studio)

        def ask(dialog: Dialog) -> None:
            opened.dialogs.append(dialog.type)
            dialog.accept()

        opened.page.on("dialog", ask)
        opened.page.on("console", lambda it: opened.complaints.append(it.text) if is_fault(it) else None)
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        yield opened
