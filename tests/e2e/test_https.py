"""A server that people reach by HTTPS only, from a trusted proxy and past it."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.server import RunningServer, manage

HOST = "chat.example.com"
SECURE = {"Host": HOST, "X-Forwarded-Proto": "https"}
PLAIN = {"Host": HOST, "X-Forwarded-Proto": "http"}
STREAM = "/ai/chatbot/recommendation/base-info?sessionId=secure&location=city&workType=office&category=VEGAN"
NEVER_REDIRECTED = ["/health", "/health/live", "/health/ready", "/metrics", "/api/openapi.json", STREAM]


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    env = {
        "LEAFRESH_HTTPS": "true",
        "LEAFRESH_TRUSTED_PROXIES": "127.0.0.1",
        "LEAFRESH_ALLOWED_HOSTS": HOST,
        "LEAFRESH_METRICS": "true",
    }
    with RunningServer(env=env) as running:
        yield running


@pytest.fixture
def proxy(server: RunningServer) -> Iterator[httpx.Client]:
    """Who connects from the trusted address."""
    with httpx.Client(base_url=server.url) as client:
        yield client


@pytest.fixture
def stranger(server: RunningServer) -> Iterator[httpx.Client]:
    """Who connects from another."""
    with httpx.Client(base_url=server.url, transport=httpx.HTTPTransport(local_address="127.0.0.2")) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/admin/", "/admin/login/?next=/admin/"])
def test_a_page_that_came_by_http_is_redirected(proxy: httpx.Client, path: str) -> None:
    for headers in (PLAIN, {"Host": HOST}):
        response = proxy.get(path, headers=headers)
        assert (response.status_code, response.headers["Location"]) == (301, f"https://{HOST}{path}")
        assert "Strict-Transport-Security" not in response.headers


def test_a_page_that_came_by_https_is_shown(proxy: httpx.Client) -> None:
    response = proxy.get("/", headers=SECURE)
    assert response.status_code == 200
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_stranger_cannot_say_that_a_connection_is_secure(stranger: httpx.Client) -> None:
    assert stranger.get("/admin/login/", headers=SECURE).status_code == 301


def test_a_redirect_leads_to_no_foreign_host(proxy: httpx.Client) -> None:
    response = proxy.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert "Location" not in response.headers


@pytest.mark.parametrize("path", NEVER_REDIRECTED)
@pytest.mark.parametrize("headers", [SECURE, PLAIN, {"Host": HOST}])
def test_the_api_is_never_redirected(
    proxy: httpx.Client, stranger: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    for client in (proxy, stranger):
        assert client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
def test_who_watches_the_process_finds_it_at_any_address(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200


def test_an_admin_logs_in_without_further_settings(server: RunningServer, proxy: httpx.Client) -> None:
    password = re.search(r"password: (\S+)", manage(server.data_dir, "create_admin"))
    assert password is not None
    page = proxy.get("/admin/login/", headers=SECURE)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    cookies = page.headers.get_list("set-cookie")
    form = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": password[1]}
    sent = {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies), "Origin": f"https://{HOST}"}
    answer = proxy.post("/admin/login/", data=form, headers={**SECURE, **sent})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")
    cookies += answer.headers.get_list("set-cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"csrftoken", "sessionid"}
    assert all("; Secure" in cookie for cookie in cookies)
