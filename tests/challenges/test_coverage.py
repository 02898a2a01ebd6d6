"""The selections with few challenges."""

import re
from itertools import product

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import QuerySet
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from challenges.coverage import coverage
from challenges.models import Category, Challenge, Location, WorkType

pytestmark = pytest.mark.django_db

PAGE = "/admin/challenges/challenge/coverage/"


@pytest.fixture
def page(admin_client: Client) -> Client:
    admin_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return admin_client


def _keys(rows: QuerySet[Category] | QuerySet[Location] | QuerySet[WorkType]) -> list[str]:
    return list(rows.filter(active=True).values_list("key", flat=True))


def test_every_cell_counts_what_suits_its_selection() -> None:
    Challenge.objects.filter(
        category__key="MEDIA", pk__gt=Challenge.objects.filter(category__key="MEDIA")[3].pk
    ).update(active=False)
    found = coverage()
    selections = list(
        product(_keys(Category.objects.all()), _keys(Location.objects.all()), _keys(WorkType.objects.all()))
    )
    assert list(found.counts) == selections
    assert len(selections) == 128
    for category, location, work_type in selections:
        suiting = Challenge.objects.suiting(category=category, location=location, work_type=work_type)
        assert found.counts[category, location, work_type] == suiting.count()
    assert found.totals == {
        key: Challenge.objects.filter(category__key=key, active=True).count() for key in _keys(Category.objects.all())
    }


def test_what_cannot_be_picked_is_not_shown_and_what_has_nothing_is() -> None:
    Location.objects.filter(key="city").update(active=False)
    Category.objects.filter(key="VEGAN").update(active=False)
    Category.objects.create(key="WATER", label="물 절약", order=99)
    found = coverage()
    assert len(found.counts) == 8 * 3 * 4
    assert found.counts["WATER", "beach", "office"] == 0
    assert found.totals["WATER"] == 0
    assert "VEGAN" not in found.totals


def test_thin_cells_are_those_below_the_minimum() -> None:
    found = coverage()
    assert found.thin(0) == []
    assert found.thin(10_000) == list(found.counts)
    limit = sorted(found.counts.values())[5] + 1
    assert found.thin(limit) == [cell for cell, count in found.counts.items() if count < limit]


def test_an_empty_catalogue_has_no_selections(page: Client) -> None:
    Category.objects.update(active=False)
    assert dict(coverage().counts) == {}
    assert "There is nothing to pick" in page.get(PAGE).content.decode()


def test_coverage_costs_five_statements(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(5):
        coverage()


def test_page_marks_thin_cells_by_colour_and_words(page: Client) -> None:
    media = Challenge.objects.filter(category__key="MEDIA")
    media.exclude(pk__in=media.values("pk")[:2]).update(active=False)
    html = page.get(PAGE).content.decode()
    assert html.count('<td class="thin">') == len(coverage().thin()) == 16
    assert html.count("⚠</span> thin</small>") == 16
    assert "16 selections have fewer than 6." in html


def test_each_number_leads_to_exactly_those_challenges(page: Client) -> None:
    Challenge.objects.filter(pk__in=Challenge.objects.order_by("title").values("pk")[:20]).update(active=False)
    html = page.get(PAGE).content.decode()
    cells = re.findall(r'<a href="(/admin/challenges/challenge/[^"]+)" title="([^"]+)">(\d+)', html)
    assert len(cells) == 128 + 8 + 16
    for address, name, count in cells[::7]:
        shown = page.get(address.replace("&amp;", "&"), {}).context["cl"]
        assert shown.result_count == int(count), name
    address = next(address for address, name, _count in cells if name == "비건 · 바닷가 · 영업직")
    shown = page.get(address.replace("&amp;", "&")).context["cl"]
    suiting = Challenge.objects.suiting(category="VEGAN", location="beach", work_type="sales")
    assert {row.pk for row in shown.queryset} == {row.pk for row in suiting}


def test_page_is_linked_from_the_list(page: Client) -> None:
    assert f'href="{PAGE}"' in page.get("/admin/challenges/challenge/").content.decode()


def test_whoever_may_view_challenges_may_see_it(client: Client) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    assert client.get(PAGE).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_challenge"))
    assert client.get(PAGE).status_code == 200


def test_labels_stay_text(page: Client) -> None:
    Category.objects.filter(key="VEGAN").update(label="<script>x()")
    html = page.get(PAGE).content.decode()
    assert "<script>x()" not in html
