"""Pinning samples: options by label, words with commas, bounds that make sense."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from challenges.models import Category
from chatbot.models import PromptSample
from tests.prompts import base_info, free_text

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/promptsample/"


def form(**changes: Any) -> dict[str, Any]:
    values = {"template": base_info().pk, "category": "VEGAN", "location": "beach", "work_type": "sales"}
    words = {"contains": "", "excludes": "", "title_min": "1", "title_max": "10", "length_min": "", "length_max": ""}
    return {**values, **words, **changes}


def add(client: Client, **changes: Any) -> Any:
    return client.post(f"{LIST}add/", form(**changes))


def change(sample: PromptSample) -> str:
    return reverse("admin:chatbot_promptsample_change", args=[sample.pk])


def pinned() -> PromptSample:
    return PromptSample.objects.get(template=base_info(), category="VEGAN")


def newest() -> PromptSample:
    return PromptSample.objects.order_by("-pk")[0]


def test_a_sample_is_pinned_with_what_is_expected(editor: Client) -> None:
    response = add(
        editor,
        contains="두부, 콩 국수,\n두부 ,",
        excludes="고기,<b>",
        title_min="2",
        title_max="8",
        names_category="on",
        length_min="5",
        length_max="60",
    )
    assert response.status_code == 302
    sample = newest()
    assert {name: getattr(sample, name) for name in form()} | {"names_category": sample.names_category} == {
        "template": base_info(),
        "category": "VEGAN",
        "location": "beach",
        "work_type": "sales",
        "contains": ["두부", "콩 국수"],
        "excludes": ["고기", "<b>"],
        "title_min": 2,
        "title_max": 8,
        "names_category": True,
        "length_min": 5,
        "length_max": 60,
    }
    assert not sample.seeded
    page = editor.get(LIST).content.decode()
    assert "비건 · 바닷가 · 영업직" in page
    assert (
        "titles 2–8, names the category, sentence 5–60, contains “두부, 콩 국수”, does not contain “고기, &lt;b&gt;”"
        in page
    )


# --- what is said ----------------------------------------------------------------------------------------------------


def test_a_template_that_answers_messages_needs_one(editor: Client) -> None:
    template = free_text().pk
    for message in ("", "ㅇ", "\u200b \u200b", "가" * 501):
        response = add(editor, template=template, message=message)
        assert list(response.context["adminform"].form.errors) == ["message"]
    assert add(editor, template=template, message=" 더 쉬운 거\u1100\u1161 <b>없어</b>? ").status_code == 302
    assert newest().message == "더 쉬운 거가 <b>없어</b>?"
    page = editor.get(LIST).content.decode()
    assert "더 쉬운 거가 &lt;b&gt;없어&lt;/b&gt;?" in page


def test_a_template_that_answers_none_keeps_none(editor: Client) -> None:
    """The field is not offered; what was written in it before another template was picked is not kept."""
    assert add(editor, message="ㅇ").status_code == 302
    assert newest().message == ""


def test_the_message_is_offered_for_templates_that_answer_one(editor: Client) -> None:
    page = editor.get(f"{LIST}add/").content.decode()
    condition = f"['{free_text().pk}'].includes(String(template))"
    assert f'x-show="{escape(condition)}"' in page


def test_a_long_message_is_shortened(editor: Client) -> None:
    add(editor, template=free_text().pk, message="가" * 500)
    page = editor.get(LIST).content.decode()
    assert "가" * 59 + "…" in page
    assert "가" * 60 not in page


def test_nothing_more_than_a_selection_is_needed(editor: Client) -> None:
    assert add(editor).status_code == 302
    sample = newest()
    assert (sample.contains, sample.excludes, sample.names_category, sample.length_min) == ([], [], False, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title_min": "0"}, "title_min"),
        ({"title_max": "11"}, "title_max"),
        ({"title_min": "5", "title_max": "4"}, "title_max"),
        ({"length_min": "5", "length_max": "4"}, "length_max"),
        ({"length_min": "-1"}, "length_min"),
        ({"length_max": "9" * 400}, "length_max"),
        ({"category": "WATER"}, "category"),
        ({"location": "<script>"}, "location"),
        ({"work_type": ""}, "work_type"),
        ({"template": "99999"}, "template"),
        ({"contains": "a\0b"}, "contains"),
    ],
)
def test_invalid_values_are_reported_at_their_fields(editor: Client, changes: dict[str, str], field: str) -> None:
    count = PromptSample.objects.count()
    response = add(editor, **changes)
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert PromptSample.objects.count() == count


def test_options_are_picked_by_their_labels(editor: Client) -> None:
    page = editor.get(f"{LIST}add/").content.decode()
    for key, label in (("VEGAN", "비건"), ("beach", "바닷가"), ("sales", "영업직")):
        assert f'<option value="{key}">{label}</option>' in page
    Category.objects.filter(key="VEGAN").update(active=False)
    assert 'value="VEGAN"' not in editor.get(f"{LIST}add/").content.decode()


def test_an_option_that_is_gone_stays_as_it_was_pinned(editor: Client) -> None:
    sample = pinned()
    Category.objects.filter(key="VEGAN").update(active=False)
    page = editor.get(change(sample)).content.decode()
    assert '<option value="VEGAN" selected>VEGAN</option>' in page
    assert editor.post(change(sample), form(title_max="9")).status_code == 302
    sample.refresh_from_db()
    assert (sample.category, sample.title_max) == ("VEGAN", 9)


def test_words_are_shown_as_they_are_written(editor: Client) -> None:
    sample = pinned()
    editor.post(change(sample), form(contains="두부,콩"))
    assert ">두부, 콩</textarea>" in editor.get(change(sample)).content.decode()
    assert LogEntry.objects.count() == 1


def test_samples_are_deleted(editor: Client) -> None:
    sample = pinned()
    address = reverse("admin:chatbot_promptsample_delete", args=[sample.pk])
    assert editor.post(address, {"post": "yes"}).status_code == 302
    assert not PromptSample.objects.filter(pk=sample.pk).exists()


def test_a_person_with_only_the_view_permission_cannot_change_a_sample(operator: Client) -> None:
    sample = pinned()
    assert operator.get(change(sample)).status_code == 200
    assert operator.post(change(sample), form(title_max="2")).status_code == 403
    assert add(operator).status_code == 403
    sample.refresh_from_db()
    assert sample.title_max == 10


def test_two_clicks_on_the_button_pin_one_sample(editor: Client) -> None:
    count = PromptSample.objects.count()
    assert add(editor, title_min="3").status_code == 302
    response = add(editor, title_min="3")
    assert "There is such a sample already." in response.content.decode()
    assert PromptSample.objects.count() == count + 1
