"""The contents of the studio's pages."""

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from challenges.models import Category
from chatbot.models import Generation, Outcome, PromptTemplate, PromptVersion, Purpose
from chatbot.prompts.drafts import save_draft
from tests.chatbot.admin.studio.asking import SELECTION, address, save
from tests.prompts import CONTENT, USER_TEXT, base_info, content, make_live, make_version

pytestmark = pytest.mark.django_db


def page(client: Client, name: str, **query: str) -> Any:
    response = client.get(address(name), query)
    assert response.status_code == 200
    return response


def words(response: Any) -> str:
    """The text of a page, its runs of white space as one space."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def config(client: Client) -> Any:
    html = page(client, "editor").content.decode()
    found = re.search(r'<script id="studio-config" type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def requested(version: PromptVersion, **changes: Any) -> None:
    variables = {"location": "도시", "workType": "사무직", "category": "비건"}
    selection = {**SELECTION, "variables": variables, "prompt_version": version, **changes}
    Generation.objects.create(source="catalog", seed=1, outcome=Outcome.COMPLETED, event_count=1, **selection)


# --- overview --------------------------------------------------------------------------------------------------------


def test_the_overview_tells_what_is_live_and_how_the_draft_stands(editor: Client) -> None:
    make_live(make_version(note="더 다정하게"))
    before = page(editor, "change")
    assert "Draft the same as what is live" in words(before)
    save(editor, system_text="{{mood}}")
    told = words(page(editor, "change"))
    for text in (
        *("Live base-info@2", "replaced base-info@1", "why Because a test says so.", "더 다정하게"),
        *("differs from what is live", "prompt-editor", "Correct the problems first."),
        *("{{mood}} is not known here.", "{{location}} required", "at most 20,000 characters"),
    ):
        assert text in told, text


def test_the_overview_shows_the_newest_versions_and_leads_to_all(operator: Client) -> None:
    for number in range(25):
        make_version(system_text=f"{number}")
    html = page(operator, "change").content.decode()
    assert len(set(re.findall(r">(base-info@\d+)</a>", html))) == 1 + 20
    assert "All 26 versions" in html
    assert f"/admin/chatbot/promptversion/?template__id__exact={base_info().pk}" in html


def test_a_template_without_a_live_version_has_an_overview_and_an_editor(root: Client) -> None:
    PromptTemplate.objects.update(live_version=None)
    empty = PromptTemplate.objects.create(key="empty")
    assert root.get(address("change", template=empty)).status_code == 200
    assert config(root)["live"] is None


# --- editor ----------------------------------------------------------------------------------------------------------


def test_the_editor_s_script_gets_the_draft_and_its_addresses(editor: Client) -> None:
    live = base_info().live_version
    assert live is not None
    save(editor, temperature=0.5)
    given = config(editor)
    assert given.pop("state")["revision"] == 1
    fields = {"system_text": CONTENT.system_text, "user_text": CONTENT.user_text, "model": ""}
    assert {name: value for name, value in given.items() if name in {"draft", "live", "check", "user", "mayEdit"}} == {
        "draft": {**fields, "temperature": 0.5, "max_tokens": None},
        "live": {**{name: getattr(live, name) for name in fields}, "temperature": None, "max_tokens": None},
        "check": None,
        "user": User.objects.get(username="prompt-editor").pk,
        "mayEdit": True,
    }
    for name in ("save", "preview", "trials", "checks", "publish"):
        assert given[name] == address(name)


def test_the_editor_offers_models_that_can_be_chosen(editor: Client, settings: Settings) -> None:
    settings.LEAFRESH_CHAT_MODELS = ["openai:a<b>"]
    assert "<option>openai:a&lt;b&gt;</option>" in page(editor, "editor").content.decode()
    assert save(editor, model="openai:a<b>")["gate"]["sources"] == "openai:a<b> → catalog"


def test_without_anything_to_pick_there_is_no_preview(editor: Client) -> None:
    Category.objects.update(active=False)
    Category.objects.all()[0].save(update_fields=["order"])
    assert "There is nothing to pick" in words(page(editor, "editor"))
    assert page(editor, "compare").status_code == 200


# --- compare ---------------------------------------------------------------------------------------------------------


def test_two_sides_are_compared_word_by_word(operator: Client) -> None:
    make_version(system_text="짧고 다정하게", temperature=0.5)
    save_draft(template=base_info(), revision=0, content=content(system_text="길고 다정하게"), by=None)
    response = page(operator, "compare", left="2", right="draft")
    assert (response.context["left_label"], response.context["right_label"]) == ("base-info@2", "Draft")
    assert "<del>짧고</del><ins>길고</ins> 다정하게" in response.content.decode()
    assert response.context["differences"]["user"] == USER_TEXT
    assert response.context["model_rows"] == [
        ("chat model", "the configured one", "the configured one"),
        ("temperature", 0.5, None),
        ("tokens at most", None, None),
    ]
    assert not response.context["same"]
    assert page(operator, "compare", left="2", right="2").context["same"]


def test_an_old_version_can_be_picked_by_its_number(operator: Client) -> None:
    for number in range(25):
        make_version(system_text=f"{number}")
    sides = page(operator, "compare", left="3", right="live").context["sides"]
    assert [name for name, _label in sides][:3] == ["draft", "live", "26"]
    assert sides[-1] == ("3", "base-info@3")
    assert len(sides) == 2 + 20 + 1


# --- blast radius ----------------------------------------------------------------------------------------------------


def test_the_blast_radius_counts_what_real_people_asked_for(operator: Client, settings: Settings) -> None:
    settings.LEAFRESH_IMPACT_REQUESTS = 4
    version = make_version(system_text="{{category}} 이야기를 짧게")
    make_live(version)
    save_draft(template=base_info(), revision=0, content=content(system_text="{{category}} 이야기를 길게"), by=None)
    for _ in range(3):
        requested(version)
    requested(version, purpose=Purpose.TRIAL)
    requested(version, category="GONE", variables={"location": "섬", "workType": "농부", "category": "바다"})
    response = page(operator, "impact")
    groups = response.context["groups"]
    assert {label: [(row["name"], row["count"]) for row in rows] for label, rows in groups.items()} == {
        "GONE": [("바다 · 섬 · 농부", 1)],
        "비건": [("비건 · 도시 · 사무직", 3)],
    }
    assert groups["비건"][0]["system"] == "비건 이야기를 <del>짧게</del><ins>길게</ins>"
    assert "What the last 4 real requests would have told the model" in words(response)


def test_the_blast_radius_without_requests(operator: Client) -> None:
    assert "Nobody has asked for anything with this template yet." in words(page(operator, "impact"))
