"""The chat page and the texts for embedding, as a browser gets them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from leafresh.middleware import ADMIN_POLICY

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
    from chatbot.web.texts import setup

    code = "".join(file.read_text("utf-8") for file in STATIC.glob("*.js"))
    indirect = {"location", "workType", "category", "thinking", "writing", "stopping", "done", "stopped", "failed"}
    indirect |= {"reconnecting", "offline", *STATUSES}
    used = set(re.findall(r"texts\.(\w+)", code)) | indirect
    assert setup("en")["texts"].keys() - used == set()
    assert set(re.findall(r"texts\.(\w+)", code)) - setup("en")["texts"].keys() == set()


def test_the_page_is_light() -> None:
    """Scripts, styles and the template together, as they are: nothing is built, nothing squeezed."""
    files = [PAGE, *STATIC.glob("*.js"), STATIC / "page.css", STATIC / "leafresh-chat.css"]
    assert sum(file.stat().st_size for file in files) < 60 * 1024
