"""The chat page, the texts for embedding, and what people and scripts get while the database is gone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, OperationalError
from django.test import Client, RequestFactory

from chatbot.middleware import ADMIN_POLICY
from chatbot.web import texts
from chatbot.web.views import outage_page
from tests.prompts import superuser

STATIC = Path(settings.BASE_DIR) / "chatbot/static/chatbot"
PAGE = Path(settings.BASE_DIR) / "chatbot/templates/chatbot/page.html"


def setup_in(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    told: dict[str, Any] = json.loads(found[1])
    return told


STATUSES = {"0", "400", "403", "422", "429", "502", "503"}
"""Names of texts: what the chat says where the server refuses."""


@pytest.mark.django_db
def test_the_page_brings_its_texts_and_a_strict_policy(client: Client) -> None:
    response = client.get("/")
    page = response.content.decode()
    assert setup_in(page)["texts"]["recommend"] == "챌린지 추천받기"
    assert "\\u" not in page
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Language"} <= set(response.headers["Vary"].split(", "))
    assert "style=" not in page
    assert not re.search(r"<script(?! type=\"(module|application/json)\")", page)
    assert client.get("/admin/login/").headers["Content-Security-Policy"] == ADMIN_POLICY != policy


@pytest.mark.django_db
def test_what_the_page_imports_is_named_on_it(client: Client) -> None:
    page = client.get("/").content.decode()
    named = set(re.findall(r'/static/chatbot/([\w-]+\.js)"', page))
    assert named == {file.name for file in STATIC.glob("*.js")}


@pytest.mark.django_db
def test_a_language_that_was_chosen_is_remembered(client: Client) -> None:
    response = client.get("/", {"language": "en"})
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    page = client.get("/", headers={"accept-language": "ko"})
    assert page.headers["Content-Language"] == "en"
    assert setup_in(page.content.decode())["texts"]["recommend"] == "Recommend challenges"
    assert client.get("/", {"language": "fr"}).status_code == 200


@pytest.mark.django_db
def test_texts_are_for_pages_of_every_origin(client: Client, settings: Any) -> None:
    settings.LEAFRESH_START_URL = "myapp://start"
    korean = client.get("/chat/ko.json", headers={"origin": "https://elsewhere.example", "accept-language": "en"})
    assert korean.headers["Access-Control-Allow-Origin"] == "*"
    assert korean.headers["Cache-Control"] == "public, max-age=600"
    told = korean.json()
    assert (told["language"], told["startUrl"]) == ("ko", "myapp://start")
    english = client.get("/chat/en.json").json()
    assert english["texts"].keys() - told["texts"].keys() == STATUSES - {"0"}  # Korean is what the server says itself
    assert told["texts"].keys() - english["texts"].keys() == set()
    assert all(re.search("[가-힣]", text) or name == "again" for name, text in told["texts"].items())
    assert not any(re.search("[가-힣]", text) for text in english["texts"].values())
    assert client.get("/chat/fr.json").status_code == 404


def test_every_text_is_used() -> None:
    code = "".join(file.read_text("utf-8") for file in STATIC.glob("*.js"))
    indirect = {"location", "workType", "category", "thinking", "writing", "stopping", "done", "stopped", "failed"}
    indirect |= {"reconnecting", "offline", *STATUSES}
    used = set(re.findall(r"texts\.(\w+)", code)) | indirect
    assert texts.setup("en")["texts"].keys() - used == set()
    assert set(re.findall(r"texts\.(\w+)", code)) - texts.setup("en")["texts"].keys() == set()


def test_the_page_is_light() -> None:
    """Scripts, styles and the template together, as they are: nothing is built, nothing squeezed."""
    files = [PAGE, *STATIC.glob("*.js"), STATIC / "page.css", STATIC / "leafresh-chat.css"]
    assert sum(file.stat().st_size for file in files) < 72 * 1024


KOREAN = "지금은 서비스를 이용할 수 없습니다. 잠시 후 다시 시도해 주세요."


@pytest.mark.parametrize(("error", "passes"), [(OperationalError("gone"), True), (IntegrityError("twice"), False)])
def test_an_error_that_may_pass_has_a_page(error: Exception, passes: bool) -> None:
    assert (outage_page(RequestFactory().get("/"), error) is not None) is passes


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, client: Client) -> Client:
    """A signed-in user while the database is gone."""
    client.force_login(superuser())

    def refuse(*_: Any, **__: Any) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr("django.contrib.auth.middleware.get_user", refuse)
    return client


@pytest.mark.django_db
def test_a_page_of_the_admin_asks_to_come_back(away: Client, caplog: pytest.LogCaptureFixture) -> None:
    response = away.get("/admin/chatbot/generation/", headers={"Accept-Language": "ko"})
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "5", "no-store")
    text = response.content.decode()
    assert KOREAN in text
    assert '<meta http-equiv="refresh" content="5">' in text
    english = away.post("/admin/chatbot/generation/", headers={"Accept-Language": "en"})
    assert "The service is not available at the moment." in english.content.decode()
    assert "refresh" not in english.content.decode()
    assert "Traceback" not in caplog.text


@pytest.mark.django_db
def test_the_studios_scripts_get_words_to_show(away: Client) -> None:
    response = away.post(
        "/admin/chatbot/prompttemplate/1/preview/", {}, "application/json", headers={"Accept-Language": "ko"}
    )
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert response.json() == {"status": 503, "message": KOREAN, "data": None}
