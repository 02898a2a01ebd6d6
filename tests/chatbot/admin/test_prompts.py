"""Editing prompts: what is live, writing a new version, making it live, going back."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chatbot.models import PromptTemplate, PromptVersion
from chatbot.prompts.publishing import create_version, live_prompts

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/promptversion/"
SYSTEM = "형식은 {{output_format}} 입니다."
USER = "{{location}}에 사는 {{workType}}에게 {{category}} 이야기를 해 줘요."


@pytest.fixture
def page(admin_client: Client) -> Client:
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return admin_client


@pytest.fixture
def template() -> PromptTemplate:
    return PromptTemplate.objects.get(key="base-info")


def _add(page: Client, template: PromptTemplate, **changed: str) -> Any:
    form = {"template": template.pk, "system_text": SYSTEM, "user_text": USER, "note": "더 다정하게", **changed}
    return page.post(f"{LIST}add/?template={template.pk}", form)


def _version(template: PromptTemplate, **changed: str) -> PromptVersion:
    text: Any = {"system_text": SYSTEM, "user_text": USER, "note": "쪽지", **changed}
    return create_version(template=template, **text)


def _live(template: PromptTemplate) -> str:
    return live_prompts.get()[template.key].name


def test_a_new_version_starts_from_the_live_one(page: Client, template: PromptTemplate) -> None:
    assert template.live_version
    _version(template, user_text=f"초안 {USER}")
    start = page.get(f"{LIST}add/", follow=True)
    form = start.context["adminform"].form
    assert start.redirect_chain == [(f"{LIST}add/?template={template.pk}", 302)]
    assert form["system_text"].value() == template.live_version.system_text
    assert form["user_text"].value() == template.live_version.user_text
    assert "{{output_format}}" in start.content.decode()


def test_a_new_version_is_made_and_not_live(page: Client, template: PromptTemplate) -> None:
    response = _add(page, template, user_text=f"첫 줄\r\n{USER}")
    made = template.versions.get(number=2)
    assert response.headers["location"] == f"{LIST}{made.pk}/change/"
    assert (made.user_text, made.note) == (f"첫 줄\n{USER}", "더 다정하게")
    assert made.author is not None
    assert made.author.username == "admin"
    assert _live(template) == "base-info@1"
    assert "base-info@2 was made. It is not live yet" in page.get(response.headers["location"]).content.decode()


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"user_text": f"{USER} {{{{mood}}}}"}, {"user_text": ["{{mood}} is not known here. Known are: "]}),
        ({"system_text": f"{SYSTEM} {{{{ location.x }}}}"}, {"system_text": ["{{location.x}} is not known here. "]}),
        (
            {"system_text": f"{SYSTEM} {{{{mood}}}}", "user_text": f"{USER} {{{{mood}}}}"},
            {"system_text": ["{{mood}} is not known"], "user_text": ["{{mood}} is not known"]},
        ),
        ({"system_text": ""}, {"user_text": ["{{output_format}} must appear in the system text or the user text."]}),
        ({"user_text": USER + "가" * 20_000}, {"user_text": ["20,000 are allowed."]}),
        ({"system_text": SYSTEM + USER, "user_text": " \r\n"}, {"user_text": ["The user text must not be blank."]}),
        ({"note": ""}, {"note": ["This field is required."]}),
    ],
)
def test_what_breaks_the_prompt_is_said_at_its_field_and_nothing_is_lost(
    page: Client, template: PromptTemplate, changed: dict[str, str], errors: dict[str, list[str]]
) -> None:
    response = _add(page, template, **changed)
    form = response.context["adminform"].form
    assert form.errors.keys() == errors.keys()
    for field, reasons in errors.items():
        assert len(form.errors[field]) == len(reasons)
        assert all(
            reason.replace("20,000", "20000") in shown
            for reason, shown in zip(reasons, form.errors[field], strict=True)
        )
    assert template.versions.count() == 1
    assert form["note"].value() == changed.get("note", "더 다정하게")


def test_an_edit_is_kept_when_the_address_lost_its_template(page: Client, template: PromptTemplate) -> None:
    form = {"template": template.pk, "system_text": SYSTEM, "user_text": USER, "note": "쪽지"}
    assert page.post(f"{LIST}add/", form).status_code == 302
    assert template.versions.count() == 2


def test_a_version_is_read_never_written(page: Client, template: PromptTemplate) -> None:
    version = _version(template, user_text=f"<script>x()</script> {USER}")
    html = page.get(f"{LIST}{version.pk}/change/").content.decode()
    assert "<textarea" not in html
    assert "<script>x()" not in html
    assert "&lt;script&gt;x()" in html
    assert page.post(f"{LIST}{version.pk}/change/", {"note": "x"}).status_code == 403
    assert page.post(f"{LIST}{version.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in page.get(LIST).content.decode()


def test_exactly_one_selected_version_is_made_live(page: Client, template: PromptTemplate) -> None:
    one, two = _version(template), _version(template)
    posted = {"action": "make_selected_live", "_selected_action": [one.pk, two.pk]}
    assert "Select exactly one version" in page.post(LIST, posted, follow=True).content.decode()
    assert _live(template) == "base-info@1"
    response = page.post(LIST, {**posted, "_selected_action": [two.pk]}, follow=True)
    assert "base-info@3 is live now." in response.content.decode()
    assert _live(template) == "base-info@3"
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.change_message) == ("base-info", "Made base-info@3 live.")


def test_a_version_is_made_live_from_its_page_after_a_question(page: Client, template: PromptTemplate) -> None:
    version = _version(template)
    address = f"{LIST}{version.pk}/publish/"
    assert address in page.get(f"{LIST}{version.pk}/change/").content.decode()
    assert "Make this version live?" in page.get(address).content.decode()
    assert _live(template) == "base-info@1"
    response = page.post(address, {"_form_submitted": "True"})
    assert response.headers["HX-Redirect"] == f"{LIST}{version.pk}/change/"
    assert _live(template) == "base-info@2"
    assert address not in page.get(f"{LIST}{version.pk}/change/").content.decode()


def test_the_template_shows_what_is_live_its_versions_and_its_variables(page: Client, template: PromptTemplate) -> None:
    for _ in range(25):
        _version(template)
    html = page.get(f"/admin/chatbot/prompttemplate/{template.pk}/change/").content.decode()
    assert len(re.findall(r">base-info@\d+</a>", html)) == 1 + 20
    assert "All 26 versions" in html
    for name in ("location", "workType", "category", "output_format"):
        assert f"{{{{{name}}}}}</code>" in html
    assert (
        f"{LIST}add/?template={template.pk}"
        in page.get(f"/admin/chatbot/prompttemplate/{template.pk}/new-version/").headers["location"]
    )
    assert page.get("/admin/chatbot/prompttemplate/add/").status_code == 403


@pytest.mark.parametrize("address", [LIST, "/admin/chatbot/prompttemplate/"])
def test_lists_cost_the_same_for_any_number_of_rows(page: Client, template: PromptTemplate, address: str) -> None:
    counts = []
    for rows in (10, 90):
        while template.versions.count() < rows:
            _version(template)
            PromptTemplate.objects.create(key=f"t{template.versions.count()}", live_version=template.live_version)
        with CaptureQueriesContext(connection) as queries:
            page.get(address)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 9


def test_each_right_opens_its_own_door(client: Client, template: PromptTemplate) -> None:
    version = _version(template)
    user = User.objects.create_user("editor", is_staff=True)
    client.force_login(user)
    publish = f"{LIST}{version.pk}/publish/"
    for address in (LIST, f"{LIST}add/", publish, "/admin/chatbot/prompttemplate/"):
        assert client.get(address).status_code == 403

    user.user_permissions.add(Permission.objects.get(codename="view_promptversion"))
    user.user_permissions.add(Permission.objects.get(codename="add_promptversion"))
    assert client.get(f"{LIST}add/?template={template.pk}").status_code == 200
    assert client.post(publish, {"_form_submitted": "True"}).status_code == 403
    client.post(LIST, {"action": "make_selected_live", "_selected_action": [version.pk]})
    assert _live(template) == "base-info@1"

    user.user_permissions.add(Permission.objects.get(codename="change_prompttemplate"))
    client.post(LIST, {"action": "make_selected_live", "_selected_action": [version.pk]})
    assert _live(template) == "base-info@2"
