"""Reading sessions and erasing them."""

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from chatbot.models import ChatSession, Generation, Outcome, Turn
from tests.chatbot.admin.test_generations import make

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/chatsession/"


def _session(key: str, *generations: Generation) -> ChatSession:
    session = ChatSession.objects.create(key=key)
    for generation in generations:
        Turn.objects.create(session=session, generation=generation)
    return session


def _address(name: str, session: ChatSession) -> str:
    return reverse(f"admin:chatbot_chatsession_{name}", args=[session.pk])


def test_search_by_key_and_number_of_turns(page: Client) -> None:
    _session("phone-1", make(), make())
    _session("web-2")
    rows = page.get(LIST, {"q": "phone"}).context["cl"].result_list
    assert [(row.key, row.number_of_turns) for row in rows] == [("phone-1", 2)]


def test_detail_shows_the_turns_in_order_with_their_titles(page: Client) -> None:
    first, second = make(), make(outcome=Outcome.FAILED, answer=None)
    session = _session("a/<b>#1", first, second)
    html = page.get(_address("change", session)).content.decode()
    assert html.index(f"/{first.pk}/") < html.index(f"/{second.pk}/")
    assert "3. 두부 3" in html
    assert "비건 · 바닷가 · 영업직" in html
    assert "There is no answer." in html
    assert "<script>x()" not in html
    assert "a/<b>#1" not in html


def test_detail_of_a_long_session_shows_the_newest_turns_in_few_statements(page: Client) -> None:
    session = _session("long", *(make() for _ in range(103)))
    with CaptureQueriesContext(connection) as queries:
        html = page.get(_address("change", session)).content.decode()
    assert "3 earlier turns are not shown." in html
    assert html.count("두부 1") == 100
    assert len(queries) <= 9


def test_erasing_a_session_forgets_what_only_it_was_answered(page: Client) -> None:
    own, shared = make(), make()
    session = _session("gone", own, shared)
    _session("stays", shared)
    confirmation = page.get(_address("delete", session)).content.decode()
    assert "gone with 2 turns" in confirmation
    assert page.post(_address("delete", session), {"post": "yes"}).status_code == 302
    assert list(ChatSession.objects.values_list("key", flat=True)) == ["stays"]
    assert list(Generation.objects.values_list("pk", flat=True)) == [shared.pk]


def test_erasing_several_sessions(page: Client) -> None:
    keys = [_session(f"s{n}", make()).pk for n in range(3)]
    posted = {"action": "delete_selected", "_selected_action": keys[:2], "post": "yes"}
    assert page.post(LIST, posted).status_code == 302
    assert list(ChatSession.objects.values_list("key", flat=True)) == ["s2"]
    assert Generation.objects.count() == 1


def test_a_session_is_never_written(page: Client) -> None:
    session = _session("a")
    assert page.get(f"{LIST}add/").status_code == 403
    assert page.post(_address("change", session), {}).status_code == 403


def test_list_costs_the_same_for_any_number_of_rows(page: Client) -> None:
    counts = []
    for rows in (10, 200):
        while ChatSession.objects.count() < rows:
            _session(f"s{ChatSession.objects.count()}", make())
        with CaptureQueriesContext(connection) as queries:
            page.get(LIST, {"all": ""})
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


def test_staff_who_may_only_look_may_not_erase(client: Client) -> None:
    session = _session("a", make())
    user = User.objects.create_user("staff", is_staff=True)
    client.force_login(user)
    assert client.get(LIST).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_chatsession"))
    assert client.get(_address("change", session)).status_code == 200
    assert client.post(_address("delete", session), {"post": "yes"}).status_code == 403
    posted = {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"}
    client.post(LIST, posted)
    assert ChatSession.objects.exists()
