"""Knowledge documents can be edited, imported and exported like challenges."""

import csv
import io
import unicodedata
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from challenges.models import Category
from chatbot.models import KnowledgeDocument
from chatbot.models.knowledge import TEXT_LENGTH
from tests.chatbot.admin.conversations import confirm, invalid_rows, staff, upload

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/knowledgedocument/"


def _form(**changed: Any) -> dict[str, Any]:
    vegan = Category.objects.get(key="VEGAN")
    values = {"title": "우유팩", "category": vegan.pk, "text": "씻어서 말려요.", "link": "", "active": "on"}
    return {**values, **changed}


def _errors(page: Client, **changed: Any) -> dict[str, list[str]]:
    response = page.post(f"{LIST}add/", _form(**changed))
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


def test_a_document_is_kept_in_nfc_with_plain_line_ends(page: Client) -> None:
    sent = _form(
        title=unicodedata.normalize("NFD", " 우유팩 버리기 "),
        text=unicodedata.normalize("NFD", "씻어요.\r\n\r\n말려요.\r\n"),
        link="https://milk.example/",
    )
    assert page.post(f"{LIST}add/", sent).status_code == 302
    kept = KnowledgeDocument.objects.get(title="우유팩 버리기")
    assert (kept.text, kept.link, kept.category and kept.category.key, kept.active) == (
        *("씻어요.\n\n말려요.", "https://milk.example/", "VEGAN", True),
    )


def test_the_length_of_a_text_does_not_depend_on_the_browsers_line_ends(page: Client) -> None:
    longest = "가\r\n" * (TEXT_LENGTH // 2)
    assert page.post(f"{LIST}add/", _form(text=unicodedata.normalize("NFD", longest))).status_code == 302
    assert "at most 20000 characters" in _errors(page, title="둘", text="가" * (TEXT_LENGTH + 1))["text"][0]


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"title": " "}, "title", "This field is required."),
        ({"text": "\r\n "}, "text", "This field is required."),
        ({"link": "ftp://milk.example/"}, "link", "A link begins with https:// or http://."),
        ({"link": "javascript:x()"}, "link", "Enter a valid URL."),
        ({"title": "가" * 101}, "title", "at most 100 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_words(
    page: Client, changed: dict[str, str], field: str, words: str
) -> None:
    errors = _errors(page, **changed)
    assert list(errors) == [field]
    assert words in errors[field][0]


def test_the_form_explains_documents_and_counts_characters(page: Client) -> None:
    html = page.get(f"{LIST}add/").content.decode()
    assert "is put into the prompt as {{context}}" in html
    assert "/ 20000 characters" in html
    assert "maxlength" not in html.split('name="text"')[1].split(">")[0]


def test_the_list_is_filtered_searched_and_leads_out(page: Client) -> None:
    KnowledgeDocument.objects.all().delete()
    vegan = Category.objects.get(key="VEGAN")
    first = KnowledgeDocument.objects.create(
        title="두부", text="콩" * 1234, category=vegan, link="https://a.example/b?<c>"
    )
    second = KnowledgeDocument.objects.create(title="물", text="<script>x()</script>", active=False)

    def shown(**query: Any) -> list[Any]:
        return [row.pk for row in page.get(LIST, query).context["cl"].result_list]

    assert shown() == [first.pk, second.pk]
    assert shown(category__id__exact=vegan.pk) == [first.pk]
    assert shown(active__exact=0) == [second.pk]
    assert shown(q="콩콩") == [first.pk]
    html = page.get(LIST).content.decode()
    assert 'href="https://a.example/b?&lt;c&gt;" target="_blank" rel="noopener noreferrer">a.example</a>' in html
    assert "1,234" in html
    assert "<script>x()" not in page.get(f"{LIST}{second.pk}/change/").content.decode()


def test_the_list_costs_the_same_for_any_number_of_documents(page: Client) -> None:
    counts = []
    for rows in (20, 120):
        for number in range(rows):
            KnowledgeDocument.objects.get_or_create(title=f"문서 {number}", defaults={"text": "글"})
        with CaptureQueriesContext(connection) as queries:
            page.get(LIST, {"all": ""})
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_what_was_exported_imports_without_a_change_and_a_row_is_known_by_its_title(page: Client) -> None:
    exported = page.post(f"{LIST}export/", {"format": "0", "resource": "0"}).content
    assert exported.startswith(b"\xef\xbb\xbftitle,category,text,link,active\r\n")
    rows = list(csv.DictReader(io.StringIO(exported.decode("utf-8-sig"))))
    assert len(rows) == KnowledgeDocument.objects.count()
    preview = upload(page, LIST, exported.decode("utf-8-sig"))
    totals = preview.context["result"].totals
    assert (totals["new"], totals["update"], totals["skip"]) == (0, 0, len(rows))

    preview = upload(page, LIST, f"title,category,text\n{rows[0]['title']},,새 글\n새 문서,비건,글\n")
    assert preview.context["result"].totals["new"] == preview.context["result"].totals["update"] == 1
    confirm(page, LIST, preview)
    changed = KnowledgeDocument.objects.get(title=rows[0]["title"])
    assert (changed.category, changed.text, changed.link) == (None, "새 글", rows[0]["link"])
    made = KnowledgeDocument.objects.get(title="새 문서")
    assert made.category == Category.objects.get(key="VEGAN")


def test_a_row_that_the_form_would_refuse_is_refused(page: Client) -> None:
    preview = upload(page, LIST, f"title,text,link\n하나,{'가' * (TEXT_LENGTH + 1)},ftp://a.example\n")
    assert invalid_rows(preview) == {
        2: {
            "text": ["The text has 20,001 characters; at most 20,000 are allowed."],
            "link": ["A link begins with https:// or http://."],
        }
    }


def test_a_person_with_only_the_view_permission_cannot_change_anything() -> None:
    document = KnowledgeDocument.objects.all()[0]
    client = staff("view_knowledgedocument")
    assert client.get(LIST).status_code == 200
    assert client.get(f"{LIST}{document.pk}/change/").status_code == 200
    for address in (f"{LIST}add/", f"{LIST}{document.pk}/change/", f"{LIST}{document.pk}/delete/", f"{LIST}import/"):
        assert client.post(address, _form()).status_code == 403, address
    client.logout()
    assert client.get(LIST).status_code == 302
