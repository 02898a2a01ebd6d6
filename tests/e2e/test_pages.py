"""Pages, static files and the admin, as the real server answers them."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.server import RunningServer, manage
from tests.e2e.sse import SELECTION, stream


def test_the_page_and_everything_it_names_are_served(server: RunningServer) -> None:
    page = httpx.get(f"{server.url}/")
    assert page.status_code == 200
    assert '<html lang="ko"' in page.text
    addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(addresses) >= 3
    for address in addresses:
        file = httpx.get(f"{server.url}{address}")
        assert file.status_code == 200, address
        assert len(file.content) == int(file.headers["content-length"]) > 0


def test_a_static_file_may_be_asked_for_again_and_by_head(server: RunningServer) -> None:
    address = f"{server.url}/static/chatbot/page.css"
    first = httpx.get(address)
    assert first.headers["content-type"].startswith("text/css")
    assert httpx.get(address, headers={"If-None-Match": first.headers.get("etag", "")}).status_code in {200, 304}
    assert httpx.head(address).content == b""
    assert httpx.get(f"{server.url}/static/chatbot/nothing.css").status_code == 404


def test_the_page_says_itself_in_english_to_those_who_ask(server: RunningServer) -> None:
    page = httpx.get(f"{server.url}/", headers={"Accept-Language": "en-US,en;q=0.9"})
    assert '<html lang="en"' in page.text


@pytest.fixture(scope="module")
def admin() -> Iterator[httpx.Client]:
    """A client of a fresh server that is logged in with the password that was printed."""
    with RunningServer() as server, httpx.Client(base_url=server.url, follow_redirects=True) as client:
        printed = manage(server.data_dir, "create_admin")
        assert "one exists already" in manage(server.data_dir, "create_admin")
        password = re.search(r"password: (\S+)", printed)
        assert password is not None
        client.get("/admin/login/")
        form = {"username": "admin", "password": password[1], "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        assert client.post("/admin/login/", data=form).url.path == "/admin/"
        yield client


@pytest.mark.parametrize("model", ["challenge/", "challenge/coverage/", "category/", "worktype/"])
def test_the_admin_lets_in_with_the_printed_password(admin: httpx.Client, model: str) -> None:
    assert admin.get(f"/admin/challenges/{model}").status_code == 200


def test_a_stream_of_somebody_who_is_logged_in(admin: httpx.Client) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in admin.cookies.items())
    events = list(stream(str(admin.base_url).rstrip("/"), headers={"Cookie": cookies}, **SELECTION))
    assert events[-1].name == "close"


def test_feedback_is_taken_along_as_a_file(admin: httpx.Client) -> None:
    asked = admin.post("/ai/chatbot/recommendation/base-info", json={**SELECTION, "sessionId": "e2e-feedback"})
    generation = asked.headers["x-leafresh-generation"]
    thought = {"sessionId": "e2e-feedback", "thumb": "down", "reason": "=어려워요"}
    assert admin.put(f"/api/chatbot/generations/{generation}/feedback", json=thought).status_code == 200
    exported = admin.get("/admin/chatbot/feedback/export/", params={"thumb__exact": "down"})
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    head, row = exported.content.decode("utf-8-sig").splitlines()
    assert head.startswith("given_at,thumb,reason,")
    assert row.split(",")[1:3] == ["down", "'=어려워요"]
    assert row.endswith(generation)
