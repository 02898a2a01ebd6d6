"""Permissions in the studio, and its URLs."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from chatbot.models import Generation, PromptCheck, PromptRelease, PromptTemplate
from chatbot.prompts.content import live_prompts
from chatbot.prompts.drafts import draft_of, save_draft
from chatbot.providers.configured import provider_names
from tests.chatbot.admin.studio.asking import PAGES, SELECTION, address, post, save, signed_in, text
from tests.prompts import CONTENT, base_info, checked, make_live, make_version, person

pytestmark = pytest.mark.django_db

SCRIPTS = {
    "save": text(),
    "trials": {"left": "live", "right": "draft", **SELECTION},
    "checks": {"revision": 1},
    "publish": {"revision": 1, "note": "x"},
}
MINE = "You do not have the right to do this."


def live() -> str:
    return live_prompts.get()["base-info"].name


def reading() -> list[str]:
    """Every address of the studio that is read."""
    version = base_info().live_version
    assert version is not None
    lists = [f"/admin/chatbot/{name}/" for name in ("prompttemplate", "promptversion", "promptsample")]
    own = [reverse("admin:chatbot_promptversion_change", args=[version.pk])]
    return [*(address(page) for page in (*PAGES, "export")), *lists, *own]


@pytest.mark.parametrize("who", ["editor", "publisher", "operator", "root"])
def test_every_role_reads_every_page(who: str, request: pytest.FixtureRequest) -> None:
    client = request.getfixturevalue(who)
    for page in reading():
        assert client.get(page).status_code == 200, page


def test_an_operator_reads_everything_else_and_changes_nothing(operator: Client) -> None:
    for page in ("chatbot/generation", "chatbot/chatsession", "challenges/challenge"):
        assert operator.get(f"/admin/{page}/").status_code == 200, page
    check = checked(base_info(), CONTENT, provider_names())
    for name, body in SCRIPTS.items():
        response = post(operator, name, body)
        assert (response.status_code, response.json()["message"]) == (403, MINE), name
    assert post(operator, "check_stop", {}, check.pk).status_code == 403
    assert operator.post(address("roll_back"), {"version": "1"}).status_code == 403
    assert operator.get("/admin/chatbot/promptsample/add/").status_code == 403
    assert operator.get(address("check", check.pk)).json()["data"]["status"] == "passed"
    assert not draft_of(base_info()).revision
    assert "You may read this draft, but not change it." in operator.get(address("editor")).content.decode()


def test_an_editor_saves_but_neither_publishes_nor_rolls_back(editor: Client) -> None:
    make_live(make_version())
    save(editor, system_text="새 글")
    checked(base_info(), CONTENT, provider_names())
    response = post(editor, "publish", {"revision": 1, "note": "x"})
    assert (response.status_code, response.json()["status"], response.json()["message"]) == (
        403,
        403,
        "You do not have the right to publish. Ask somebody who has it.",
    )
    assert editor.post(address("roll_back"), {"version": "1"}).status_code == 403
    assert live() == "base-info@2"
    page = editor.get(address("change")).content.decode()
    assert "roll-back" not in page
    assert 'id="publish-form"' not in editor.get(address("editor")).content.decode()


def test_a_person_without_permission_is_refused_everywhere() -> None:
    nobody = signed_in(person("nobody"))
    for page in reading():
        assert nobody.get(page).status_code == 403, page
    for name, body in {**SCRIPTS, "preview": SELECTION}.items():
        response = post(nobody, name, body)
        assert (response.status_code, response.json()["message"]) == (403, MINE), name
    assert nobody.post(address("roll_back"), {"version": "1"}).status_code == 403


def test_signed_out_scripts_get_an_error_and_pages_lead_to_the_login() -> None:
    client = Client(headers={"accept-language": "en"})
    for name, body in {**SCRIPTS, "preview": SELECTION}.items():
        response = post(client, name, body)
        envelope = {"status": 401, "message": "You are signed out: sign in again.", "data": None}
        assert (response.status_code, response.json()) == (401, envelope), name
    assert client.get(address("check", 1)).status_code == 401
    for page in PAGES:
        assert client.get(address(page)).headers["Location"].startswith("/admin/login/")
    assert client.post(address("roll_back"), {"version": "1"}).status_code == 302
    assert live() == "base-info@1"


def test_every_address_takes_its_own_method_alone(root: Client) -> None:
    for name in (*SCRIPTS, "preview", "roll_back"):
        assert root.get(address(name)).status_code == 405, name
    for page in (*PAGES, "export"):
        assert root.post(address(page)).status_code == 405, page


def test_a_missing_object_is_reported_in_the_envelope(root: Client) -> None:
    response = root.get(address("check", 10**30))
    assert (response.status_code, response.json()["message"]) == (404, "This no longer exists. Load the page again.")
    generation = "00000000-0000-4000-8000-000000000000"
    assert root.get(address("trial", generation)).status_code == 404
    assert root.get(address("trial_events", generation)).status_code == 404
    assert root.get("/admin/chatbot/prompttemplate/9999999/editor/").status_code == 404


def test_templates_and_versions_are_neither_added_nor_written_nor_deleted(root: Client) -> None:
    version = base_info().live_version
    assert version is not None
    for place in ("prompttemplate", "promptversion"):
        assert root.get(f"/admin/chatbot/{place}/add/").status_code == 403
        assert "delete_selected" not in root.get(f"/admin/chatbot/{place}/").content.decode()
        assert root.post(f"/admin/chatbot/{place}/1/delete/", {"post": "yes"}).status_code == 403
    assert root.post(reverse("admin:chatbot_promptversion_change", args=[version.pk]), {"note": "x"}).status_code == 403


def test_the_list_tells_what_is_live(root: Client) -> None:
    PromptTemplate.objects.create(key="empty")
    make_live(make_version(note="더 짧게", author=person("writer")))
    response = root.get("/admin/chatbot/prompttemplate/")
    for words in ("base-info@2", "더 짧게", "writer", "none"):
        assert words in response.content.decode()
    assert {row.key: row.number_of_versions for row in response.context["cl"].result_list} == {
        "base-info": 2,
        "empty": 0,
        "free-text": 1,
    }


def test_the_file_is_what_the_command_prints(operator: Client) -> None:
    make_live(make_version(system_text='"""\\ 따옴표 🌱', temperature=0.5))
    out = StringIO()
    call_command("prompts", "export", "base-info", stdout=out)
    response = operator.get(address("export"))
    assert response.headers["Content-Disposition"] == 'attachment; filename="base-info.toml"'
    assert response.content.decode() == out.getvalue()
    assert operator.get(address("export", template=PromptTemplate.objects.create(key="empty"))).status_code == 404


def test_rolling_back_from_the_overview(publisher: Client) -> None:
    make_live(make_version())
    page = publisher.get(address("change")).content.decode()
    assert "Roll back to base-info@1" in page
    response = publisher.post(address("roll_back"), {"version": "1"}, follow=True)
    assert response.redirect_chain == [(address("change"), 302)]
    assert "base-info@1 is live again: the next recommendation is written with it." in response.content.decode()
    release = PromptRelease.objects.order_by("-pk")[0]
    assert (release.kind, release.by and release.by.username, release.why) == (
        *("rollback", "prompt-publisher"),
        "Rolled back from base-info@2.",
    )
    assert live() == "base-info@1"


def test_the_reason_of_rolling_back_is_kept(publisher: Client) -> None:
    make_live(make_version())
    publisher.post(address("roll_back"), {"version": "1", "why": " 너무 길다\0 "})
    assert PromptRelease.objects.order_by("-pk")[0].why == "너무 길다\ufffd"


def test_what_was_never_live_or_is_live_is_not_rolled_back_to(publisher: Client) -> None:
    make_version()
    for number, words in {
        "2": "This version was never live, so there is nothing to roll back to.",
        "1": "There is nothing to release: this is live already.",
    }.items():
        response = publisher.post(address("roll_back"), {"version": number}, follow=True)
        assert words in response.content.decode()
    assert (live(), base_info().releases.count()) == ("base-info@1", 1)


@pytest.mark.parametrize("number", ["", "0", "-1", "3", "x", "²", "٢", "1.0", "9" * 40, "9" * 5000])
def test_numbers_that_no_version_has_are_not_found(publisher: Client, number: str) -> None:
    assert publisher.post(address("roll_back"), {"version": number}).status_code == 404


def test_reading_starts_nothing(operator: Client) -> None:
    save_draft(template=base_info(), revision=0, content=CONTENT, by=None)
    for page in reading():
        operator.get(page)
    assert not Generation.objects.exists()
    assert not PromptCheck.objects.exists()
