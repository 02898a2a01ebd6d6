"""The admin's first page."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries, Settings

from challenges.models import Challenge
from chatbot.models import Feedback, Generation, Outcome
from tests.chatbot.admin.conversations import said, thought
from tests.chatbot.admin.test_generations import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _callback(settings: Settings) -> None:
    settings.UNFOLD = {**settings.UNFOLD, "DASHBOARD_CALLBACK": "chatbot.admin.dashboard.dashboard"}


def _cards(client: Client) -> list[tuple[str, str]]:
    response = client.get("/admin/", headers={"accept-language": "en"})
    return [(card.value, card.note) for card in response.context["cards"]]


def test_it_tells_the_last_day_what_is_live_and_how_full_the_catalogue_is(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make()
    make(outcome=Outcome.FAILED, answer=None)
    Generation.objects.filter(pk=make().pk).update(started_at=now() - timedelta(days=2))
    for number, thumb in enumerate(["up", "up", "down", "down"]):
        thought(said(session=f"s{number}", generation=make()), thumb)
    Feedback.objects.filter(session="s3").update(given_at=now() - timedelta(days=2))
    active = Challenge.objects.filter(active=True).count()
    with django_assert_max_num_queries(8):
        cards = _cards(admin_client)
    assert cards[0] == ("6", "1 of them failed or were interrupted")
    assert "base-info@1" in cards[1][0]
    assert cards[2][0] == str(active)
    assert cards[3] == ("👍 2 · 👎 1", "See what people thought")


def test_each_card_needs_its_permission(client: Client) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    assert _cards(client) == []
    user.user_permissions.add(Permission.objects.get(codename="view_challenge"))
    assert len(_cards(client)) == 1
