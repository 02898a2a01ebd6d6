"""Reading sessions and erasing them."""

import re

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from challenges.models import Category, Challenge
from chatbot.models import ChatSession, Generation, Intent, KnowledgeDocument, Outcome, Turn
from tests.chatbot.admin.conversations import ANSWER, SCRIPT, make, message_turn, staff, thought

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


def test_the_log_tells_that_a_session_was_erased_and_not_which(page: Client) -> None:
    keys = [_session(f"secret-{n}", make()).pk for n in range(3)]
    page.post(_address("delete", ChatSession.objects.get(pk=keys[0])), {"post": "yes"})
    page.post(LIST, {"action": "delete_selected", "_selected_action": keys[1:], "post": "yes"})
    entries = list(LogEntry.objects.all())
    assert [entry.action_flag for entry in entries] == [DELETION] * 3
    assert not any("secret" in str(vars(entry)) for entry in entries)


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


def test_staff_with_only_the_view_permission_may_not_erase(client: Client) -> None:
    session = _session("a", make())
    client.force_login(User.objects.create_user("nobody", is_staff=True))
    assert client.get(LIST).status_code == 403
    client = staff("view_chatsession")
    assert client.get(_address("change", session)).status_code == 200
    assert client.post(_address("delete", session), {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": [session.pk], "post": "yes"})
    assert ChatSession.objects.exists()


def test_a_conversation_shows_messages_understanding_search_results_and_thumbs(page: Client) -> None:
    document = KnowledgeDocument.objects.all()[0]
    challenge = Challenge.objects.all()[0]
    found = [
        {"kind": "challenge", "id": challenge.pk, "title": challenge.title, "link": "", "score": 3.456},
        {
            "kind": "document",
            "id": document.pk,
            "title": f"채식 {SCRIPT}",
            "link": "https://a.example/?a&b",
            "score": 2,
        },
        {"kind": "document", "id": 0, "title": "없어진 문서", "link": "javascript:x()", "score": 1},
    ]
    thought(message_turn(found=found), "down", f"어려워요 {SCRIPT}")
    html = page.get(_address("change", ChatSession.objects.get())).content.decode()
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    for words in (
        "비건으로 바꿔줘 &lt;script&gt;x()&lt;/script&gt; 비건 · 바닷가 · 영업직 ·",
        "Wants another category, by its name “비건”, “&lt;script&gt;x()&lt;/script&gt;” names the category 비건: it is",
        "Category: 제로웨이스트 → becomes 비건",
        "recommendation 👎 thumbs down 비건 &lt;script&gt;x()&lt;/script&gt; 도전을 골라 봤어요! 1. 두부 1",
        "Reason: 어려워요 &lt;script&gt;x()&lt;/script&gt;",
        f"challenge {challenge.title} 3.46",
        "knowledge document 채식 &lt;script&gt;x()&lt;/script&gt; 2.00 Source link ↗",
        "knowledge document 없어진 문서 1.00",
    ):
        assert words in text, words
    assert f'href="/admin/challenges/challenge/{challenge.pk}/change/"' in html
    assert f'href="/admin/chatbot/knowledgedocument/{document.pk}/change/"' in html
    assert 'href="https://a.example/?a&amp;b" target="_blank" rel="noopener noreferrer"' in html
    assert "<script>x()" not in html
    assert "javascript:x()" not in html


def test_what_is_remembered_is_shown_by_label(page: Client) -> None:
    session = message_turn().session
    html = page.get(_address("change", session)).content.decode()
    text = " ".join(re.sub(r"<[^>]*>", " ", html).split())
    for words in (
        *("Location 바닷가", "Work type 영업직", "First category 제로웨이스트", "Category 비건", "Last active"),
    ):
        assert words in text, words
    Category.objects.filter(key="VEGAN").update(active=False)
    ChatSession.objects.update(base_category="GONE", location="")
    text = " ".join(re.sub(r"<[^>]*>", " ", page.get(_address("change", session)).content.decode()).split())
    for words in ("Location –", "First category GONE", "Category 비건"):
        assert words in text, words


def test_unknown_keys_are_shown_unchanged(page: Client) -> None:
    turn = message_turn(
        intent="dance", reasons=[{"code": "new_code", "words": []}], found=[{}, {"kind": "song", "id": "x"}]
    )
    Generation.objects.update(answer={**ANSWER, "kind": "poem"})
    html = page.get(_address("change", turn.session)).content.decode()
    for words in ("Dance", "new_code", ">\n\nsong\n<", ">\n\npoem\n<"):
        assert words in html, words


@pytest.mark.parametrize("kind", ["explanation", "smalltalk", "declined", "help"])
def test_an_answer_without_challenges_has_its_kind(page: Client, kind: str) -> None:
    turn = message_turn(generation=make(answer={"kind": kind, "recommend": "그래요.", "challenges": []}))
    html = page.get(_address("change", turn.session)).content.decode()
    label = {"smalltalk": "small talk"}.get(kind, kind)
    assert f">\n\n{label}\n<" in html
    assert "그래요." in html


def test_a_thousand_turns_cost_what_a_few_cost(page: Client) -> None:
    counts = []
    for turns in (5, 1000):
        while Turn.objects.count() < turns:
            thought(message_turn(found=[{"kind": "challenge", "id": Turn.objects.count(), "title": "가", "score": 1}]))
        with CaptureQueriesContext(connection) as queries:
            page.get(_address("change", ChatSession.objects.get()))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11


def test_sessions_are_filtered_by_intent_category_and_day(page: Client) -> None:
    message_turn(session="a")
    message_turn(session="a", intent=Intent.DANGER)
    message_turn(session="b")
    ChatSession.objects.filter(key="b").update(category="MEDIA", active_at="2026-01-01T00:00:00Z")

    def shown(**query: str) -> list[str]:
        return sorted(row.key for row in page.get(LIST, query).context["cl"].result_list)

    assert shown(intent="danger") == ["a"]
    assert shown(intent="change") == ["a", "b"]
    assert shown(intent="thanks") == shown(category="VEGAN", intent="danger", q="b") == []
    assert shown(category="MEDIA") == ["b"]
    assert shown(active_at__gte="2026-02-01 00:00:00+09:00") == ["a"]
    assert shown(intent="") == shown(category="") == ["a", "b"]


def test_sessions_are_not_searched_by_messages(page: Client) -> None:
    message_turn("비밀 이야기")
    assert list(page.get(LIST, {"q": "비밀"}).context["cl"].result_list) == []
