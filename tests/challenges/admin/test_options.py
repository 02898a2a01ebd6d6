"""Editing locations, work types and categories."""

import unicodedata
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from challenges.forms import WordsField, join_words, split_words
from challenges.models import Category, Challenge, Location, WorkType

pytestmark = pytest.mark.django_db


def _form(**changed: Any) -> dict[str, Any]:
    return {"label": "섬", "key": "island", "emoji": "🏝", "description": "", "aliases": "", "order": 9, **changed}


def _errors(response: Any) -> Any:
    return response.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("바다, 해변,sea", ["바다", "해변", "sea"]),
        (" 바다 ,, 해변 , ", ["바다", "해변"]),
        ("Sea, sea, S E A, 바다", ["Sea", "바다"]),
        ("바다\n해변，어촌、갯마을", ["바다", "해변", "어촌", "갯마을"]),
        ("바다", ["바다"]),
        ("  ", []),
    ],
)
def test_words_are_separated_by_commas_in_order_and_once(text: str, words: list[str]) -> None:
    assert split_words(text) == words
    assert split_words(join_words(words)) == words


def test_words_field_shows_what_it_reads() -> None:
    field = WordsField()
    assert field.prepare_value(["바다", "해변"]) == "바다, 해변"
    assert field.prepare_value("바다,,") == "바다,,"  # a form that was refused shows what was typed
    assert field.clean("바다, 해변") == ["바다", "해변"]
    assert field.clean("") == []
    assert not field.has_changed(["바다", "해변"], "바다,해변")
    assert field.has_changed(["바다", "해변"], "해변,바다")


def test_saving_a_form_unchanged_changes_nothing(page: Client) -> None:
    category = Category.objects.get(key="VEGAN")
    before: dict[str, Any] = dict(Category.objects.filter(pk=category.pk).values()[0])
    address = reverse("admin:challenges_category_change", args=[category.pk])
    response = page.get(address)
    form = response.context["adminform"].form
    posted = {name: form[name].value() for name in form.fields}
    assert posted["aliases"] == ", ".join(before["aliases"])
    assert page.post(address, posted).status_code == 302
    assert dict(Category.objects.filter(pk=category.pk).values()[0]) == before


def test_aliases_are_edited_as_words(page: Client) -> None:
    assert page.post(reverse("admin:challenges_location_add"), _form(aliases="섬마을, 도서,,섬마을")).status_code == 302
    location = Location.objects.get(key="island")
    assert location.aliases == ["섬마을", "도서"]
    html = page.get(reverse("admin:challenges_location_change", args=[location.pk])).content.decode()
    assert "섬마을, 도서</textarea>" in html
    assert "[&quot;" not in html


def test_a_decomposed_label_is_counted_as_it_is_read(page: Client) -> None:
    label = "가나다라마바사아자차카타파하거너더러머버"  # 20 syllables, 40 characters when macOS sends them
    posted = _form(label=unicodedata.normalize("NFD", label))
    assert page.post(reverse("admin:challenges_location_add"), posted).status_code == 302
    assert Location.objects.get(key="island").label == label


def test_a_name_that_belongs_to_another_is_refused_by_name(page: Client) -> None:
    response = page.post(reverse("admin:challenges_location_add"), _form(aliases="섬마을, 바다"))
    assert _errors(response) == {"__all__": ["“바다” already belongs to 바닷가."]}


def test_the_key_is_given_once(page: Client) -> None:
    city = Location.objects.get(key="city")
    address = reverse("admin:challenges_location_change", args=[city.pk])
    page.post(address, _form(label="도시", key="town", order=0, active="on"))
    assert Location.objects.get(pk=city.pk).key == "city"
    assert 'name="key"' not in page.get(address).content.decode()
    assert 'name="key"' in page.get(reverse("admin:challenges_location_add")).content.decode()


@pytest.mark.parametrize("term", ["바다", "SEA", "beach", "바닷가", " 해 변 "])
def test_search_knows_every_name(page: Client, term: str) -> None:
    response = page.get(reverse("admin:challenges_location_changelist"), {"q": term})
    assert [row.key for row in response.context["cl"].result_list] == ["beach"]


def test_search_without_a_match_is_empty(page: Client) -> None:
    response = page.get(reverse("admin:challenges_location_changelist"), {"q": "우주"})
    assert list(response.context["cl"].result_list) == []


def test_the_list_shows_how_many_active_challenges_an_option_has(page: Client) -> None:
    Challenge.objects.filter(category__key="VEGAN").update(active=False)
    response = page.get(reverse("admin:challenges_category_changelist"))
    shown = {row.key: row.active_challenges for row in response.context["cl"].result_list}
    assert shown["VEGAN"] == 0
    assert shown["MEDIA"] == Challenge.objects.filter(category__key="MEDIA", active=True).count() > 0


def test_order_and_active_are_edited_in_the_list(page: Client) -> None:
    rows = list(WorkType.objects.all())
    posted: dict[str, Any] = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "1"}
    for index, row in enumerate(rows):
        posted |= {f"form-{index}-id": row.pk, f"form-{index}-order": 10 - index}
        posted |= {f"form-{index}-active": "on"} if row.key != "sales" else {}
    assert page.post(reverse("admin:challenges_worktype_changelist"), posted).status_code == 302
    assert list(WorkType.objects.filter(active=True).values_list("key", flat=True)) == ["remote", "field", "office"]


@pytest.mark.parametrize("name", ["category", "location", "worktype"])
def test_an_option_in_use_is_not_deleted(page: Client, name: str) -> None:
    model: Any = {"category": Category, "location": Location, "worktype": WorkType}[name]
    option = model.objects.first()
    address = reverse(f"admin:challenges_{name}_delete", args=[option.pk])
    for response in (page.get(address), page.post(address, {"post": "yes"})):
        assert response.status_code == 200
        assert f"{option.label}: " in response.content.decode()
        assert "Deactivate it instead" in response.content.decode()
    selected = {"action": "delete_selected", "_selected_action": [option.pk], "post": "yes"}
    response = page.post(reverse(f"admin:challenges_{name}_changelist"), selected)
    assert "Deactivate it instead" in response.content.decode()
    assert model.objects.filter(pk=option.pk).exists()


def test_an_option_that_nothing_uses_is_deleted(page: Client) -> None:
    location = Location.objects.create(key="island", label="섬")
    response = page.post(reverse("admin:challenges_location_delete", args=[location.pk]), {"post": "yes"})
    assert response.status_code == 302
    assert not Location.objects.filter(key="island").exists()


def test_script_in_a_label_stays_text(page: Client) -> None:
    Location.objects.create(key="island", label="<script>x()", aliases=["<b>a</b>"])
    html = page.get(reverse("admin:challenges_location_changelist")).content.decode()
    assert "&lt;script&gt;x()" in html
    assert "<script>x()" not in html
    assert "<b>a</b>" not in html


def test_list_costs_the_same_for_any_number_of_rows(
    page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Location.objects.bulk_create(Location(key=f"l{n}", label=f"곳{n}") for n in range(60))
    with django_assert_max_num_queries(6):
        page.get(reverse("admin:challenges_location_changelist"))


@pytest.mark.parametrize("path", ["location/", "location/add/", "category/import/", "category/export/"])
def test_staff_without_permission_is_turned_away(client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("staff", is_staff=True))
    assert client.get(f"/admin/challenges/{path}").status_code == 403


def test_staff_with_only_the_view_permission_may_export_but_not_import(client: Client) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_category"))
    client.force_login(user)
    assert client.get("/admin/challenges/category/export/").status_code == 200
    assert client.get("/admin/challenges/category/import/").status_code == 403
    assert client.post("/admin/challenges/category/process_import/").status_code == 403
