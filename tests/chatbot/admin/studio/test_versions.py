"""Reading versions."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from chatbot.models import PromptVersion
from tests.chatbot.admin.studio.asking import address
from tests.prompts import USER_TEXT, base_info, make_live, make_version, person

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/promptversion/"


def change(version: PromptVersion) -> str:
    return reverse("admin:chatbot_promptversion_change", args=[version.pk])


def names(client: Client, query: dict[str, str]) -> list[str]:
    return [str(row) for row in client.get(LIST, query).context["cl"].result_list]


def test_a_version_shows_its_texts_its_releases_and_how_it_does(operator: Client) -> None:
    version = make_version(system_text="차분하게.", note="더 차분하게", author=person("writer"), temperature=0.5)
    page = operator.get(change(version)).content.decode()
    texts = ("차분하게.", USER_TEXT, "더 차분하게", "writer", "0.5", version.content_hash, "It was never live.")
    for text in (*texts, "Nothing was written with it yet."):
        assert text in page, text
    assert "<textarea" not in page
    make_live(version)
    page = operator.get(change(version)).content.decode()
    assert re.search(r"automatic · [\d: -]+ · – · in place of base-info@1<br>Because a test says so\.", page)


def test_a_version_leads_to_its_comparisons(operator: Client) -> None:
    compare = address("compare")
    links = (f"{compare}?left=2&amp;right=draft", f"{compare}?left=2&amp;right=live")
    version = make_version()
    page = operator.get(change(version)).content.decode()
    assert all(link in page for link in (*links, address("change")))
    make_live(version)
    page = operator.get(change(version)).content.decode()
    assert [link in page for link in links] == [True, False]


def test_versions_are_found_by_note_and_text_and_the_newest_is_first(operator: Client) -> None:
    make_version(note="더 다정하게")
    make_version(system_text="바다 이야기")
    assert names(operator, {}) == ["base-info@3", "base-info@2", "free-text@1", "base-info@1"]
    assert names(operator, {"q": "더 다정하게"}) == ["base-info@2"]
    assert names(operator, {"q": "바다 이야기"}) == ["base-info@3"]
    assert names(operator, {"template__id__exact": str(base_info().pk), "q": "없는 것"}) == []


def test_the_list_marks_what_is_live(operator: Client) -> None:
    make_live(make_version())
    rows = operator.get(LIST).content.decode().split("<tr")
    assert [("live" in re.sub("<[^>]*>", "", row), "base-info@2" in row) for row in rows if ">base-info@" in row] == [
        (True, True),
        (False, False),
    ]


def test_who_wrote_versions_is_kept(root: Client) -> None:
    writer = person("writer")
    make_version(author=writer)
    response = root.post(reverse("admin:auth_user_delete", args=[writer.pk]), {"post": "yes"})
    assert response.status_code in {200, 403}
    assert User.objects.filter(pk=writer.pk).exists()
