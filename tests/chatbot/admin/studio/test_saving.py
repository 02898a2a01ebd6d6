"""Saving and previewing the draft: the responses to valid and invalid requests of the editor's script."""

from typing import Any

import pytest
from django.test import Client

from challenges.models import Location
from chatbot.models import PromptDraft, PromptTemplate
from chatbot.prompts.content import PromptContent
from chatbot.prompts.drafts import save_draft
from tests.chatbot.admin.studio.asking import SELECTION, address, member, post, save, signed_in, text
from tests.prompts import CONTENT, base_info, content

pytestmark = pytest.mark.django_db

KNOWN = "{{location}}, {{workType}}, {{category}}, {{output_format}}"


def refusal(response: Any) -> tuple[int, str]:
    """The status and the message of a response. Checks that the envelope has the same status."""
    envelope = response.json()
    assert envelope["status"] == response.status_code
    return response.status_code, envelope["message"]


def kept() -> PromptContent:
    return PromptContent.of(PromptDraft.objects.get())


def test_saving_returns_the_whole_state(editor: Client) -> None:
    response = post(editor, "save", text(**SELECTION))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert "no-store" in response.headers["Cache-Control"]
    envelope = response.json()
    data = envelope["data"]
    preview = data.pop("preview")
    assert (envelope["status"], envelope["message"]) == (200, "")
    assert data.pop("editedAt")
    assert data == {
        "revision": 1,
        "editedBy": "prompt-editor",
        "changed": True,
        "length": len(CONTENT.system_text) + len(CONTENT.user_text),
        "limit": 20_000,
        "problems": [],
        "gate": {"state": "none", "text": "Not checked yet.", "check": None, "sources": "catalog"},
    }
    assert preview["system"] == CONTENT.system_text
    assert preview["user"].startswith(
        '<mark title="location">도시</mark> <mark title="workType">사무직</mark> <mark title="category">비건</mark> '
        '<mark title="output_format">{&quot;recommend&quot;'
    )
    assert kept() == CONTENT


def test_without_a_selection_there_is_no_preview(editor: Client) -> None:
    assert save(editor)["preview"] is None
    assert save(editor, revision=1, **{**SELECTION, "category": ""})["preview"] is None


def test_what_can_no_longer_be_picked_keeps_no_text_from_being_saved(editor: Client) -> None:
    Location.objects.filter(key="city").update(active=False)
    assert save(editor, **SELECTION)["preview"] is None
    assert kept() == CONTENT


def test_a_problem_has_its_place_in_lines_and_as_javascript_counts(editor: Client) -> None:
    data = save(editor, system_text="🌱 첫 줄\n🌱🌱 {{mood}} 끝", user_text=CONTENT.user_text)
    assert data["problems"] == [
        {
            "field": "system_text",
            "text": f"{{{{mood}}}} is not known here. Known are: {KNOWN}.",
            "line": 2,
            "column": 4,
            "start": 12,
            "end": 20,
        }
    ]
    assert data["gate"]["state"] == "problems"


def test_every_kind_of_problem_is_shown_as_a_sentence(editor: Client) -> None:
    data = save(
        editor,
        system_text="{{ a.b }} {{ \u200b }}{{}}",
        user_text="",
        model="openai:none",
        temperature=2.5,
        max_tokens=1,
    )
    assert [(problem["field"], problem["text"]) for problem in data["problems"]] == [
        ("user_text", "The user text must not be blank."),
        ("system_text", "There is an invisible character here (U+200B): delete it."),
        ("system_text", f"{{{{a.b}}}} is not known here. Known are: {KNOWN}."),
        ("system_text", f"{{{{\u200b}}}} is not known here. Known are: {KNOWN}."),
        ("system_text", "A name is missing between the double braces."),
        *(
            ("", f"{{{{{name}}}}} must appear in the system text or the user text.")
            for name in ("location", "workType", "category", "output_format")
        ),
        ("model", "The model openai:none is not among those that can be chosen (LEAFRESH_CHAT_MODELS)."),
        ("temperature", "“Temperature” must be within 0–2."),
        ("max_tokens", "“Tokens at most” must be within 64–32768."),
    ]
    assert {problem["line"] for problem in data["problems"] if problem["field"] != "system_text"} == {None}


def test_braces_without_a_partner_and_too_much_text(editor: Client) -> None:
    data = save(editor, system_text="{{location", user_text=CONTENT.user_text + "가" * 20_000)
    length = f"{len(CONTENT.user_text) + 20_010:,}"
    assert [problem["text"] for problem in data["problems"]] == [
        f"Both texts together have {length} characters; 20,000 are allowed.",
        "These double braces have no partner. A variable is written like {{location}}.",
    ]


def test_numbers_in_bounds_are_kept(editor: Client) -> None:
    assert save(editor, temperature=1, max_tokens=64.0)["problems"] == []
    assert kept() == content(temperature=1.0, max_tokens=64)
    assert save(editor, revision=1, temperature="", max_tokens="")["revision"] == 2
    assert kept() == CONTENT


def test_the_second_editor_sees_the_first_editor_and_the_difference(editor: Client) -> None:
    save(editor, system_text="다정하게 <b>")
    other = signed_in(member("Prompt publisher"))
    response = post(other, "save", text(system_text="짧게 <b>"))
    envelope = response.json()
    assert refusal(response) == (409, "The draft has changed in the meantime.")
    assert envelope["data"].pop("editedAt")
    assert envelope["data"] == {
        "revision": 1,
        "editedBy": "prompt-editor",
        "theirs": {
            "system_text": "다정하게 <b>",
            "user_text": CONTENT.user_text,
            "model": "",
            "temperature": None,
            "max_tokens": None,
        },
        "differences": {
            "system": "<del>다정하게</del><ins>짧게</ins> &lt;b&gt;",
            "user": CONTENT.user_text,
        },
    }
    assert kept().system_text == "다정하게 <b>"
    assert save(other, revision=1, system_text="짧게 <b>")["revision"] == 2


def test_a_change_without_an_editor_came_from_an_import(editor: Client) -> None:
    save_draft(template=base_info(), revision=0, content=content(system_text="가져옴"), by=None)
    assert post(editor, "save", text()).json()["data"]["editedBy"] == "an import"


def test_the_same_again_is_fine_whatever_the_revision(editor: Client) -> None:
    assert [save(editor, revision=revision)["revision"] for revision in (0, 0, 7)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "The request is not JSON."),
        ("{", "The request is not JSON."),
        (b"\xff\xfe\x00", "The request is not JSON."),
        ("[" * 100_000, "The request is not JSON."),
        ('{"revision": ' + "9" * 5000 + "}", "The request is not JSON."),
        ("[]", "The request is not a JSON object."),
        ('"text"', "The request is not a JSON object."),
        ("null", "The request is not a JSON object."),
        ("NaN", "The request is not a JSON object."),
    ],
)
def test_what_is_no_object_is_refused(editor: Client, body: str | bytes, words: str) -> None:
    for name in ("save", "preview", "publish"):
        assert refusal(post(editor, name, body)) == (400, words)


NUMBERS = ("NaN", "Infinity", "-Infinity", "1e400", "9" * 400, "-" + "9" * 400, str(2**31), "true", '"1"', "[]", "{}")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("name", ["revision", "temperature", "max_tokens"])
def test_numbers_that_are_none_are_refused(editor: Client, name: str, number: str) -> None:
    fields = "".join(f'"{key}": "x", ' for key in ("system_text", "user_text"))
    rest = "" if name == "revision" else '"revision": 0, '
    status, words = refusal(post(editor, "save", f'{{{fields}{rest}"{name}": {number}}}'))
    kind = "whole number" if name == "revision" else "number"
    assert (status, words) == (422, f"{name} must be a {kind}.")
    assert not PromptDraft.objects.exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"revision": -1}, "revision must be a whole number."),
        ({"revision": 1.5}, "revision must be a whole number."),
        ({"revision": None}, "revision must be a whole number."),
        ({"max_tokens": -1}, "max_tokens must not be negative."),
        ({"max_tokens": 64.5}, "max_tokens must be a whole number."),
        ({"system_text": None}, "system_text must be a text."),
        ({"user_text": ["x"]}, "user_text must be a text."),
        ({"model": 3}, "model must be a text."),
        ({**SELECTION, "location": 3}, "location must be a text."),
    ],
)
def test_wrong_types_are_refused_and_nothing_is_saved(editor: Client, changes: dict[str, Any], words: str) -> None:
    assert refusal(post(editor, "save", text(**changes))) == (422, words)
    assert not PromptDraft.objects.exists()


@pytest.mark.parametrize("missing", ["revision", "system_text", "user_text"])
def test_a_missing_field_is_named(editor: Client, missing: str) -> None:
    body = {name: value for name, value in text().items() if name != missing}
    status, words = refusal(post(editor, "save", body))
    assert (status, words.split(" ")[0]) == (422, missing)


def test_what_no_database_takes_is_kept_as_a_mark_and_pointed_at(editor: Client) -> None:
    data = save(editor, system_text="가\0나\ud800다\r\n라", model="\udfff")
    assert kept() == content(system_text="가\ufffd나\ufffd다\n라", model="\ufffd")
    assert [(problem["field"], problem["column"], problem["text"]) for problem in data["problems"][:2]] == [
        ("system_text", 2, "There is an invisible character here (U+FFFD): delete it."),
        ("system_text", 4, "There is an invisible character here (U+FFFD): delete it."),
    ]


def test_too_much_text_is_refused_with_words(editor: Client) -> None:
    status, words = refusal(post(editor, "save", text(system_text="a" * 1_000_000)))
    length = f"{1_000_000 + len(CONTENT.user_text):,}"
    assert (status, words) == (
        422,
        f"This is too long to be saved: {length} characters, 100,000 at most. Shorten it first.",
    )
    assert refusal(post(editor, "save", text(system_text="a" * 3_000_000))) == (
        413,
        "The text is too long to be sent.",
    )
    assert not PromptDraft.objects.exists()


def test_a_preview_saves_nothing(operator: Client) -> None:
    save_draft(template=base_info(), revision=0, content=content(system_text="{{category}}!"), by=None)
    data = post(operator, "preview", SELECTION).json()["data"]
    assert (data["revision"], data["editedBy"]) == (1, "")
    assert data["preview"]["system"] == '<mark title="category">비건</mark>!'
    assert PromptDraft.objects.get().revision == 1


def test_a_preview_of_what_cannot_be_picked_is_refused(editor: Client) -> None:
    response = post(editor, "preview", {**SELECTION, "category": "<script>"})
    assert response.status_code == 400
    assert response.json()["data"] == {"invalidFields": ["category"]}


def test_a_template_that_nothing_uses_is_read_but_not_worked_on(root: Client) -> None:
    old = PromptTemplate.objects.create(key="old", live_version=base_info().live_version)
    assert "Nothing uses this template any more." in root.get(address("change", template=old)).content.decode()
    assert root.get(address("editor", template=old)).status_code == 404
    for name in ("save", "preview", "publish", "trials", "checks"):
        response = root.post(address(name, template=old), "{}", content_type="application/json")
        assert refusal(response) == (404, "This no longer exists. Load the page again.")


def test_nothing_is_saved_after_another_person_has_signed_in(editor: Client) -> None:
    response = post(editor, "save", text(user=10**6))
    assert response.status_code == 401
    assert not PromptDraft.objects.exists()
