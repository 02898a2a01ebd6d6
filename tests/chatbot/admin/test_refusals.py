"""What somebody meets whose request is refused: a sentence that says what to do, and the text that they typed."""

import re
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from tests.chatbot.admin.conversations import staff

pytestmark = pytest.mark.django_db

DOCUMENTS = "/admin/chatbot/knowledgedocument/"


@pytest.fixture
def quiet(page: Client) -> Client:
    page.raise_request_exception = False
    return page


def _sentence(response: Any) -> str:
    return " ".join(re.sub("<[^>]*>", " ", response.content.decode()).split())


def test_more_fields_than_are_taken(quiet: Client) -> None:
    response = quiet.post(DOCUMENTS, {"action": "x", "_selected_action": list(range(5001))})
    assert (response.status_code, "select fewer rows" in _sentence(response)) == (400, True)


def test_more_text_than_is_taken(quiet: Client) -> None:
    response = quiet.post(f"{DOCUMENTS}add/", {"title": "긴 글", "text": "가" * 1_000_000})
    assert (response.status_code, "Go back: what you typed is still there." in _sentence(response)) == (413, True)


def test_a_right_that_was_taken_away() -> None:
    response = staff().get(DOCUMENTS)
    assert response.status_code == 403
    assert "You do not have the right to do this; it may have been taken away." in _sentence(response)


def test_a_page_that_is_not_there(page: Client) -> None:
    response = page.get("/nothing/here/")
    assert (response.status_code, "There is no such page." in _sentence(response)) == (404, True)


def test_a_page_that_was_open_during_another_sign_in(db: None) -> None:
    client = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    client.force_login(User.objects.create_superuser("mina"))
    response = client.post(f"{DOCUMENTS}add/", {"title": "글"})
    assert (response.status_code, "This page is too old" in _sentence(response)) == (403, True)


async def test_a_form_that_is_sent_after_the_session_ended_is_kept(async_client: AsyncClient) -> None:
    posted = {"title": "버리는 법", "text": "종이는 <종이>끼리.\n\n플라스틱은 씻어서.", "_save": "1"}
    response = await async_client.post(f"{DOCUMENTS}add/", posted, headers={"accept-language": "en"})
    html = response.content.decode()
    assert response.status_code == 401
    assert "What you typed is kept on this page." in html
    assert f'action="{DOCUMENTS}add/"' in html
    kept = dict(re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', html, flags=re.DOTALL))
    assert kept == posted | {"text": "종이는 &lt;종이&gt;끼리.\n\n플라스틱은 씻어서."}
    admin = await sync_to_async(User.objects.create_superuser)("mina")
    await async_client.aforce_login(admin)
    assert (await async_client.post(f"{DOCUMENTS}add/", posted)).status_code == 302


async def test_passwords_of_a_kept_form_are_not_written_into_the_page(async_client: AsyncClient) -> None:
    secrets = {"password1": "geheim-1", "password2": "geheim-1", "old_password": "geheim-0", "newPassword": "geheim-2"}
    response = await async_client.post("/admin/auth/user/add/", {"username": "mina", **secrets, "_save": "1"})
    html = response.content.decode()
    assert re.findall(r'<textarea name="(\w+)"', html) == ["username", "_save"]
    assert "geheim" not in html
    assert response["Cache-Control"] == "no-store"


async def test_other_pages_lead_to_the_login(async_client: AsyncClient) -> None:
    for response in (await async_client.get(DOCUMENTS), await async_client.post(DOCUMENTS, {"action": "x"})):
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/?next=")
