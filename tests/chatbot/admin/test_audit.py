"""Who changed what and when, with the values; who signed in, and who failed to."""

import re
from typing import Any

import pytest
from axes.models import AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from challenges.admin.change_log import KEPT_CHARACTERS, values_in
from challenges.models import Challenge, Location
from chatbot.models import KnowledgeDocument

pytestmark = pytest.mark.django_db

LIST = "/admin/admin/logentry/"


def _shown(page: Client, query: dict[str, Any] | None = None) -> list[str]:
    """The text of each row of the list."""
    html = page.get(LIST, query or {}).content.decode()
    rows = re.findall(r'<tr class="data-row.*?</tr>', html, flags=re.DOTALL)
    return [" ".join(re.sub("<[^>]*>", " ", row).split()) for row in rows]


def _save(page: Client, challenge: Challenge, **changed: Any) -> None:
    posted = {
        "title": challenge.title,
        "description": challenge.description,
        "category": challenge.category_id,
        "locations": [location.pk for location in challenge.locations.all()],
        "work_types": [work_type.pk for work_type in challenge.work_types.all()],
        "active": "on",
    }
    address = reverse("admin:challenges_challenge_change", args=[challenge.pk])
    assert page.post(address, posted | changed).status_code == 302


def _preview(page: Client, kind: str, text: str) -> dict[str, Any]:
    """What confirms the import of a file."""
    file = SimpleUploadedFile("a.csv", text.encode())
    preview = page.post(f"/admin/challenges/{kind}/import/", {"import_file": file, "format": "0", "resource": "0"})
    confirmation: dict[str, Any] = preview.context["confirm_form"].initial
    return confirmation


def test_a_change_is_shown_with_its_values_before_and_after(page: Client) -> None:
    challenge = Challenge.objects.order_by("pk")[0]
    before = challenge.title
    challenge.locations.set(Location.objects.filter(key="city"))
    beach = Location.objects.get(key="beach")
    _save(page, challenge, title="새 제목", locations=[beach.pk])
    (row,) = _shown(page)
    for text in ("admin", "changed", "challenge", f"Title {before} → 새 제목", "Locations 도시 → 바닷가"):
        assert text in row, text
    assert _shown(page, {"q": before}) == [row]
    assert _shown(page, {"q": "없는 값"}) == []


def test_what_was_deleted_can_still_be_read(page: Client) -> None:
    challenge = Challenge.objects.order_by("pk")[0]
    address = reverse("admin:challenges_challenge_delete", args=[challenge.pk])
    page.post(address, {"post": "yes"})
    (row,) = _shown(page, {"action_flag__exact": 3})
    assert f"Description {challenge.description}" in row
    document = KnowledgeDocument.objects.create(title="버리는 법", text="종이는 종이끼리.")
    selected = {"action": "delete_selected", "_selected_action": [document.pk], "post": "yes"}
    page.post(reverse("admin:chatbot_knowledgedocument_changelist"), selected)
    assert "Text 종이는 종이끼리." in _shown(page)[0]


def test_an_import_is_shown_row_by_row(page: Client) -> None:
    challenge = Challenge.objects.order_by("pk")[0]
    confirmation = _preview(page, "challenge", f"id,title\n{challenge.pk},새 제목\n")
    page.post("/admin/challenges/challenge/process_import/", confirmation)
    (row,) = _shown(page)
    assert f"title {challenge.title} → 새 제목".lower() in row.lower()


def test_an_import_that_cannot_be_logged_is_not_made(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    challenge = Challenge.objects.order_by("pk")[0]
    confirmation = _preview(page, "challenge", f"id,title\n{challenge.pk},새 제목\n")

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(LogEntry.objects, "bulk_create", fail)
        response = page.post("/admin/challenges/challenge/process_import/", confirmation)
    assert response.status_code == 503
    assert Challenge.objects.get(pk=challenge.pk).title == challenge.title
    page.post("/admin/challenges/challenge/process_import/", confirmation)
    assert Challenge.objects.get(pk=challenge.pk).title == "새 제목"
    assert len(_shown(page)) == 1


def test_an_import_keeps_no_more_of_a_value_than_a_form(page: Client) -> None:
    words = [f"텀블러 들기 {number}" for number in range(100)]
    confirmation = _preview(page, "category", f'key,aliases\nVEGAN,"{",".join(words)}"\n')
    page.post("/admin/challenges/category/process_import/", confirmation)
    _before, after = values_in(LogEntry.objects.get())["aliases"]
    assert after == ", ".join(words)[: KEPT_CHARACTERS - 1] + "…"


def test_no_password_is_kept(page: Client) -> None:
    user = User.objects.create_user("jun", password="leaf-8-fresh")
    page.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"})
    entry = LogEntry.objects.get()
    assert "jun" in entry.change_message
    assert "pbkdf2" not in entry.change_message


def test_sign_ins_and_failed_ones_are_listed(client: Client, page: Client) -> None:
    User.objects.create_superuser("mina", password="leaf-8-fresh")
    for password in ("wrong", "leaf-8-fresh"):
        client.post("/admin/login/", {"username": "mina", "password": password})
    signed_in = page.get("/admin/axes/accesslog/").content.decode()
    failed = page.get("/admin/axes/accessfailurelog/").content.decode()
    assert all(text in signed_in for text in ("mina", "127.0.0.1"))
    assert all(text in failed for text in ("mina", "127.0.0.1"))


@pytest.mark.parametrize(("kind", "more"), [(AccessLog, {"session_hash": "h-secret"}), (AccessFailureLog, {})])
def test_a_sign_in_shows_neither_its_session_nor_its_address(page: Client, kind: Any, more: dict[str, str]) -> None:
    row = kind.objects.create(
        username="mina", ip_address="127.0.0.1", user_agent="b", http_accept="a-secret", path_info="/p-secret", **more
    )
    html = page.get(reverse(f"admin:axes_{kind._meta.model_name}_change", args=[row.pk])).content.decode()
    assert "mina" in html
    assert "-secret" not in html


def test_the_log_is_for_operators(client: Client) -> None:
    for role, status in {"Operator": 200, "Prompt editor": 403, "Catalogue editor": 403, "Support": 403}.items():
        user = User.objects.create_user(role, is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        assert client.get(LIST).status_code == status, role
        assert client.get("/admin/").status_code == 200, role


def test_the_first_page_names_sign_ins_in_korean(admin_client: Client) -> None:
    headings = re.findall(r'<a href="/admin/axes/"[^>]*>\s*(.*?)\s*</a>', admin_client.get("/admin/").content.decode())
    assert headings == ["로그인"]
