"""The admin's first page; users and groups work as Django's own admin has them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from challenges.models import Challenge
from chatbot.models import Feedback, Generation, Outcome
from chatbot.providers.circuit import CircuitBreaker
from chatbot.providers.failures import Failure
from chatbot.providers.negotiation import Part, forget_refusals, negotiation_with
from tests.chatbot.admin.conversations import make, message_turn, staff, thought

pytestmark = pytest.mark.django_db


def _cards(client: Client) -> list[tuple[str, str]]:
    response = client.get("/admin/", headers={"accept-language": "en"})
    return [(value, note) for _title, value, note, _view in response.context["cards"]]


def test_it_tells_the_last_day_what_is_live_and_how_full_the_catalogue_is(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make()
    make(outcome=Outcome.FAILED, answer=None)
    Generation.objects.filter(pk=make().pk).update(started_at=now() - timedelta(days=2))
    for number, thumb in enumerate(["up", "up", "down", "down"]):
        thought(message_turn(session=f"s{number}", generation=make()), thumb)
    Feedback.objects.filter(session="s3").update(given_at=now() - timedelta(days=2))
    active = Challenge.objects.filter(active=True).count()
    with django_assert_max_num_queries(8):
        cards = _cards(admin_client)
    assert cards[0] == ("6", "1 of them failed or were interrupted")
    assert "base-info@1" in cards[1][0]
    assert cards[2][0] == str(active)
    assert cards[3] == ("👍 2 · 👎 1", "See what people thought")


def test_each_card_needs_its_permission(client: Client) -> None:
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert _cards(client) == []
    assert len(_cards(staff("view_challenge"))) == 1


def test_models_that_are_skipped_or_refuse_something_have_a_card(admin_client: Client) -> None:
    forget_refusals()
    breaker = CircuitBreaker("openai:down", failures=1, pause=0)
    breaker.enter().failed()  # type: ignore[union-attr]  # it is closed, so a call may begin
    attempt = negotiation_with("openai:old").attempt({Part.SCHEMA, Part.STREAM})
    attempt.again(Failure("HTTP 400", 400, "response_format is not supported"))
    attempt.answered()
    cards = _cards(admin_client)[4:]
    forget_refusals()
    breaker.enter().succeeded()  # type: ignore[union-attr]  # after a pause of 0 seconds a call may begin
    assert cards == [("skipped after failures", ""), ("answers", "refuses response_format")]
    assert len(_cards(admin_client)) == 4


def test_a_user_is_made_given_a_password_and_rights(admin_client: Client) -> None:
    form = {
        "username": "editor",
        "usable_password": "true",
        "password1": "긴-비밀번호-5791",
        "password2": "긴-비밀번호-5791",
    }
    assert admin_client.post("/admin/auth/user/add/", form).status_code == 302
    user = User.objects.get(username="editor")
    assert user.check_password("긴-비밀번호-5791")
    right = Permission.objects.get(codename="view_challenge")
    form = {"username": "editor", "is_active": "on", "is_staff": "on", "user_permissions": str(right.pk)}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    assert admin_client.post(f"/admin/auth/user/{user.pk}/change/", form).status_code == 302
    assert User.objects.get(pk=user.pk).has_perm("challenges.view_challenge")
    assert admin_client.get(f"/admin/auth/user/{user.pk}/password/").status_code == 200


def test_pages_look_like_the_rest_and_cost_few_statements(admin_client: Client) -> None:
    group = Group.objects.create(name="편집자")
    admin = User.objects.get(username="admin")
    for address in (
        "/admin/auth/user/",
        f"/admin/auth/user/{admin.pk}/change/",
        "/admin/auth/group/",
        f"/admin/auth/group/{group.pk}/change/",
    ):
        with CaptureQueriesContext(connection) as queries:
            response = admin_client.get(address)
        assert response.status_code == 200
        assert "unfold/css/styles.css" in response.content.decode()
        assert len(queries) <= 12
