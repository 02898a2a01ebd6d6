"""Editing challenges."""

import unicodedata
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from challenges.models import Category, Challenge, Location, WorkType

pytestmark = pytest.mark.django_db

LIST = "/admin/challenges/challenge/"


def _form(**changed: Any) -> dict[str, Any]:
    return {
        "title": "컵 씻어 쓰기",
        "description": "오늘 쓴 컵을 씻어 다시 써요.",
        "category": Category.objects.get(key="ZERO_WASTE").pk,
        "locations": [Location.objects.get(key="city").pk],
        "work_types": [WorkType.objects.get(key="office").pk],
        "active": "on",
        **changed,
    }


def test_a_challenge_is_made(page: Client) -> None:
    assert page.post(LIST + "add/", _form()).status_code == 302
    made = Challenge.objects.get(title="컵 씻어 쓰기")
    assert [location.key for location in made.locations.all()] == ["city"]
    assert made.active


@pytest.mark.parametrize(
    ("changed", "errors"),
    [
        ({"locations": []}, {"locations": ["Choose at least one location."]}),
        ({"work_types": []}, {"work_types": ["Choose at least one work type."]}),
        (
            {"title": "열한글자가넘는제목이에요"},
            {"title": ["Ensure this value has at most 10 characters (it has 12)."]},
        ),
        ({"title": "   "}, {"title": ["This field is required."]}),
        (
            {"description": "하나예요. 둘이에요."},
            {"description": ["Write exactly one sentence, ended by a full stop."]},
        ),
    ],
)
def test_what_breaks_the_contract_is_refused_at_its_field(
    page: Client, changed: dict[str, Any], errors: dict[str, list[str]]
) -> None:
    response = page.post(LIST + "add/", _form(**changed))
    assert response.context["adminform"].form.errors == errors


def test_a_decomposed_title_of_ten_syllables_is_taken(page: Client) -> None:
    title = "가나다라마바사아자차"
    assert page.post(LIST + "add/", _form(title=unicodedata.normalize("NFD", title))).status_code == 302
    assert Challenge.objects.filter(title=title).exists()


def test_the_title_is_counted_not_cut(page: Client) -> None:
    html = page.get(LIST + "add/").content.decode()
    assert "limit: 10" in html
    assert 'maxlength="10"' not in html


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ({"q": "텀블러"}, lambda row: "텀블러" in row.title or "텀블러" in row.description),
        ({"active__exact": "0"}, lambda row: not row.active),
    ],
)
def test_search_and_filter(page: Client, query: dict[str, str], matches: Any) -> None:
    Challenge.objects.filter(category__key="VEGAN").update(active=False)
    shown = page.get(LIST, {**query, "all": ""}).context["cl"].result_list
    assert {row.pk for row in shown} == {row.pk for row in Challenge.objects.all() if matches(row)}


def test_many_are_switched_at_once_and_it_is_logged(page: Client) -> None:
    vegan = list(Challenge.objects.filter(category__key="VEGAN"))
    Challenge.objects.filter(pk=vegan[0].pk).update(active=False)
    before = vegan[1].updated_at
    posted = {"action": "deactivate", "_selected_action": [row.pk for row in vegan]}
    response = page.post(LIST, posted, follow=True)
    assert not Challenge.objects.filter(category__key="VEGAN", active=True).exists()
    assert f"{len(vegan) - 1} challenges were deactivated." in response.content.decode()
    assert LogEntry.objects.count() == len(vegan) - 1
    vegan[1].refresh_from_db()
    assert vegan[1].updated_at > before
    page.post(LIST, {**posted, "action": "activate"})
    assert Challenge.objects.filter(category__key="VEGAN", active=True).count() == len(vegan)


def test_list_costs_the_same_for_any_number_of_rows(page: Client) -> None:
    counts = []
    for rows in (10, 200):
        Challenge.objects.exclude(pk__in=Challenge.objects.values("pk")[:10]).delete()
        category = Category.objects.get(key="MEDIA")
        made = Challenge.objects.bulk_create(
            Challenge(title=f"많이 {n}", description="해 봐요.", category=category) for n in range(rows - 10)
        )
        for challenge in made:
            challenge.locations.set(Location.objects.all())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = page.get(LIST)
        assert response.context["cl"].result_count == rows
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_script_in_a_challenge_stays_text(page: Client) -> None:
    Challenge.objects.update(description="<script>x()</script> 해요.")
    html = page.get(LIST).content.decode()
    assert "<script>x()" not in html
    assert "&lt;script&gt;x()" in html


@pytest.mark.parametrize("path", ["", "add/", "coverage/", "import/", "export/"])
def test_staff_without_permission_is_turned_away(client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("staff", is_staff=True))
    assert client.get(LIST + path).status_code == 403
    assert client.get(reverse("admin:index")).status_code == 200


def test_deleting_names_the_challenge_alone(admin_client: Client) -> None:
    challenge = Challenge.objects.first()
    assert challenge is not None
    address = reverse("admin:challenges_challenge_delete", args=[challenge.pk])
    page = admin_client.get(address).content.decode()
    assert challenge.title in page
    assert "object (" not in page


def test_more_than_a_thousand_rows_are_deleted_together(page: Client) -> None:
    category = Category.objects.get(key="VEGAN")
    rows = [Challenge(title=f"새것{number}", description="해요.", category=category) for number in range(1200)]
    Challenge.objects.bulk_create(rows)
    keys = [row.pk for row in rows]
    posted = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
    response = page.post(reverse("admin:challenges_challenge_changelist"), posted, follow=True)
    assert "Successfully deleted 1200 challenges." in response.content.decode()
    assert not Challenge.objects.filter(title__startswith="새것").exists()


def test_an_action_on_too_many_rows_says_how_many_are_taken(page: Client) -> None:
    posted = {"action": "delete_selected", "_selected_action": list(range(2001)), "index": "0"}
    response = page.post(reverse("admin:challenges_challenge_changelist"), posted, follow=True)
    assert "2,001 rows are selected. At most 2,000 can be changed at once" in response.content.decode()
    assert Challenge.objects.exists()
