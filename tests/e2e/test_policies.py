"""Every page has a content security policy, and no page violates it."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.server import RunningServer, manage

PASSWORD = "leafresh-policies-1"  # noqa: S105  of a throw-away account
MAKE_ADMIN = (
    f"from django.contrib.auth.models import User; User.objects.create_superuser('root', password='{PASSWORD}')"
)
CHALLENGES = "/admin/challenges/challenge/"
ONE_ROW = "key,category,title,description\nnew-one,VEGAN,두부 한 끼,고기 대신 두부로 한 끼를 먹어요.\n"

# Kept over pages, so that what a page did while it was left is not forgotten.
VIOLATIONS = """
addEventListener("securitypolicyviolation", (it) => {
  const told = JSON.parse(sessionStorage.violations || "[]");
  told.push(`${location.pathname}: ${it.violatedDirective} ${it.blockedURI} ${it.sourceFile}:${it.lineNumber}`);
  sessionStorage.violations = JSON.stringify(told);
});
"""


@pytest.fixture(scope="module")
def admin_server() -> Iterator[RunningServer]:
    with RunningServer() as running:
        manage(running.data_dir, "shell", "--verbosity=0", "-c", MAKE_ADMIN)
        yield running


@pytest.fixture
def page(browser: Browser, admin_server: RunningServer) -> Iterator[Page]:
    """Fails the test when a page complained or broke its policy."""
    context: BrowserContext = browser.new_context(base_url=admin_server.url, viewport={"width": 1280, "height": 900})
    context.add_init_script(VIOLATIONS)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda it: complaints.append(it.text) if it.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("framenavigated", lambda frame: None)
    yield opened
    violations = opened.evaluate("JSON.parse(sessionStorage.violations || '[]')")
    context.close()
    assert violations == []
    assert [it for it in complaints if "status of 4" not in it] == []  # a refusal is one that a test asked for


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.goto("/admin/")
    page.locator("[name=username]").fill("root")
    page.locator("[name=password]").fill(password)
    page.locator("#login-form [type=submit]").click()


def visit(page: Page, path: str) -> None:
    response = page.goto(path, wait_until="load")
    assert response is not None
    assert response.status == 200, path
    policy = response.headers["content-security-policy"]
    for directive in ("object-src 'none'", "base-uri 'self'", "frame-ancestors 'none'"):
        assert directive in policy.split("; "), path
    assert "'unsafe-inline'" not in next(
        it for it in policy.split("; ") if it.startswith(("script-src", "default-src"))
    )
    assert response.headers["x-frame-options"] == "DENY"
    page.wait_for_load_state("networkidle")


def test_a_wrong_password_on_the_login_page(page: Page) -> None:
    log_in(page, "wrong")
    expect(page.locator("#login-form")).to_be_visible()


def test_every_page_of_the_admin(page: Page) -> None:
    log_in(page)
    expect(page).to_have_title(re.compile("Leafresh"))
    visit(page, "/admin/")
    links = page.eval_on_selector_all("a[href^='/admin/']", "all => all.map((it) => it.getAttribute('href'))")
    lists = sorted({it.partition("?")[0] for it in links} - {"/admin/", "/admin/logout/"})
    assert len(lists) > 10, lists
    for path in lists:
        visit(page, path)
        rows = page.eval_on_selector_all(
            "#result_list tbody a[href^='/admin/']", "all => all.map((it) => it.getAttribute('href'))"
        )
        if rows:
            visit(page, rows[0].partition("?")[0])
    for path in ("challenge/add/", "category/add/"):
        visit(page, f"/admin/challenges/{path}")
    visit(page, "/admin/auth/user/add/")
    visit(page, "/admin/password_change/")


def test_what_is_done_on_pages(page: Page) -> None:
    """Menus, filters, a dialog of the admin's library: what Alpine and htmx run only when they are used."""
    log_in(page)
    visit(page, CHALLENGES)
    page.keyboard.press("Control+k")
    page.locator("#searchbar").fill("비건")
    page.locator("#searchbar").press("Enter")
    page.wait_for_load_state("networkidle")
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option("delete_selected")
    page.locator("button[name=index], [type=submit][name=index]").first.click()
    page.wait_for_load_state("networkidle")
    visit(page, "/admin/auth/user/")


def test_the_preview_of_an_import(page: Page) -> None:
    log_in(page)
    visit(page, f"{CHALLENGES}export/")
    visit(page, f"{CHALLENGES}import/")
    page.locator("[name=import_file]").set_input_files(
        {"name": "rows.csv", "mimeType": "text/csv", "buffer": ONE_ROW.encode()}
    )
    page.locator("select[name=format]").select_option(label="csv")
    page.locator("form [type=submit]").last.click()
    page.wait_for_load_state("networkidle")
    assert "/import/" in page.url


def test_the_studio(page: Page) -> None:
    log_in(page)
    for part in ("", "samples/", "history/"):
        response = page.goto(f"/admin/chatbot/prompttemplate/1/{part}")
        assert response is not None
        page.wait_for_load_state("networkidle")
    visit(page, "/admin/chatbot/prompttemplate/1/change/")


def test_the_documentation_of_the_api(page: Page) -> None:
    visit(page, "/api/docs")
    page.locator(".opblock-summary").first.click()
    page.get_by_role("button", name="Try it out").first.click()
    page.get_by_role("button", name="Execute").first.wait_for()


def test_policies_of_what_is_no_page(admin_server: RunningServer) -> None:
    with httpx.Client(base_url=admin_server.url) as client:
        assert "frame-ancestors 'none'" in client.get("/").headers["content-security-policy"]  # of its own
        assert "default-src 'self'; object-src" in client.get("/").headers["content-security-policy"]
        assert "content-security-policy" not in client.get("/api/openapi.json").headers
        assert "content-security-policy" not in client.get("/static/chatbot/leafresh-chat.js").headers
        assert "frame-ancestors 'none'" in client.get("/nothing").headers["content-security-policy"]
