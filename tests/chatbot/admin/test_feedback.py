"""Reading feedback, and exporting it as a file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from chatbot.admin import feedback
from chatbot.models import ChatSession, Feedback, PromptVersion, Turn
from tests.chatbot.admin.conversations import ANSWER, SCRIPT, make, message_turn, staff, thought

pytestmark = pytest.mark.django_db

LIST = "/admin/chatbot/feedback/"
HEAD = "given_at,thumb,reason,kind,message,recommend,challenges,category,prompt_version,source,generation\r\n"


def _shown(page: Client, **query: Any) -> list[int]:
    return [row.pk for row in page.get(LIST, query).context["cl"].result_list]


def _export(page: Client, **query: Any) -> bytes:
    response: Any = page.get(f"{LIST}export/", query)
    assert response.status_code == 200

    async def joined() -> bytes:
        return b"".join([piece async for piece in response.streaming_content])

    return async_to_sync(joined)()


def _rows(exported: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported.decode("utf-8-sig"), newline="")))


def _many(count: int) -> None:
    """Feedback of ``count`` sessions for one generation, a second apart but for a few at the same time."""
    generation = make()
    sessions = ChatSession.objects.bulk_create([ChatSession(key=f"many-{number}") for number in range(count)])
    Turn.objects.bulk_create([Turn(session=session, generation=generation) for session in sessions])
    Feedback.objects.bulk_create([Feedback(session=each, generation=generation, thumb="up") for each in sessions])
    begin = now()
    for number, row in enumerate(Feedback.objects.order_by("pk")):
        Feedback.objects.filter(pk=row.pk).update(given_at=begin - timedelta(seconds=number // 5))


def test_the_list_shows_thumbs_with_their_answers(page: Client) -> None:
    given = thought(message_turn(), "down", f"어려워요 {SCRIPT}")
    html = page.get(LIST).content.decode()
    for text in (
        *(
            "👎 thumbs down",
            "어려워요 &lt;script&gt;x()",
            "비건 &lt;script&gt;x()&lt;/script&gt; 도전을",
            "base-info@1",
        ),
        *("catalogue", f'href="/admin/chatbot/generation/{given.generation_id}/change/"'),
    ):
        assert text in html, text
    assert "<script>x()" not in html


def test_feedback_of_an_answer_that_is_not_there_yet(page: Client) -> None:
    running = make(outcome="running", answer=None, event_count=None)
    given = thought(message_turn(generation=running))
    assert _shown(page) == [given.pk]
    assert page.get(f"{LIST}{given.pk}/change/").status_code == 200
    assert _rows(_export(page))[0]["kind"] == ""


def test_filters(page: Client) -> None:
    up = thought(message_turn(session="a"))
    down = thought(message_turn(session="b", generation=make(category="MEDIA", source="openai:x")), "down")
    version = PromptVersion.objects.get(template__key="free-text")
    other = thought(message_turn(session="c", generation=make(prompt_version=version)))
    Feedback.objects.filter(pk=other.pk).update(given_at=datetime(2026, 1, 1, tzinfo=UTC))
    for query, expected in (
        ({"thumb__exact": "down"}, [down.pk]),
        ({"category": "MEDIA"}, [down.pk]),
        ({"source": "openai:x"}, [down.pk]),
        ({"prompt_version": version.pk}, [other.pk]),
        ({"given_at__gte": "2026-02-01 00:00:00+09:00"}, [down.pk, up.pk]),
        ({"thumb__exact": "up", "category": "VEGAN"}, [up.pk, other.pk]),
        ({"prompt_version": "x", "category": ""}, [down.pk, up.pk, other.pk]),
    ):
        assert _shown(page, **query) == expected, query
        assert [row["generation"] for row in _rows(_export(page, **query))] == [
            str(Feedback.objects.get(pk=pk).generation_id) for pk in expected
        ], query


def test_the_detail_has_the_message_the_answer_and_the_way_to_the_session(page: Client) -> None:
    given = thought(message_turn(session="a_5Fb"), "up", "좋아요")
    html = page.get(f"{LIST}{given.pk}/change/").content.decode()
    for text in (
        "비건으로 바꿔줘 &lt;script&gt;",
        "3. 두부 3",
        "좋아요",
        "/admin/chatbot/chatsession/a_5F5Fb/change/",
    ):
        assert text in html, text
    assert "<script>x()" not in html
    assert page.get("/admin/chatbot/chatsession/a_5F5Fb/change/").context["original"].key == "a_5Fb"


def test_feedback_is_never_written(page: Client) -> None:
    given = thought(message_turn())
    assert page.get(f"{LIST}add/").status_code == 403
    assert page.post(f"{LIST}{given.pk}/change/", {"thumb": "down"}).status_code == 403
    assert page.post(f"{LIST}{given.pk}/delete/", {"post": "yes"}).status_code == 403


def test_reading_and_exporting_need_the_right_to_see_feedback() -> None:
    thought(message_turn())
    client = staff("view_generation", "view_chatsession")
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}export/").status_code == 403
    client.logout()
    assert client.get(f"{LIST}export/").status_code == 302


def test_the_view_permission_allows_an_export_of_feedback() -> None:
    thought(message_turn())
    client = staff("view_feedback")
    assert (
        'href="/admin/chatbot/feedback/export/?thumb__exact=up"'
        in client.get(f"{LIST}?thumb__exact=up").content.decode()
    )
    assert len(_rows(_export(client))) == 1


def test_the_whole_file(page: Client) -> None:
    turn = message_turn("비건으로, 바꿔줘", session="secret-session")
    first = thought(turn, "down", '"어려워요"\n두 줄')
    selected = make(answer={**ANSWER, "recommend": "좋아요."}, prompt_version=None, purpose="trial")
    second = Feedback.objects.create(session=turn.session, generation=selected, thumb="up")
    Feedback.objects.filter(pk=first.pk).update(given_at=datetime(2026, 11, 25, 8, 17, 5, 123, tzinfo=UTC))
    Feedback.objects.filter(pk=second.pk).update(given_at=datetime(2026, 11, 25, 8, 17, 4, tzinfo=UTC))
    response = page.get(f"{LIST}export/")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-disposition"].startswith('attachment; filename="feedback-2')
    exported = _export(page)
    assert (
        exported
        == b"\xef\xbb\xbf"
        + (
            HEAD + '2026-11-25 17:17:05,down,"""어려워요""\n두 줄",recommendation,"비건으로, 바꿔줘",'
            "비건 <script>x()</script> 도전을 골라 봤어요!,두부 1|두부 2|두부 3,VEGAN,base-info@1,catalogue,"
            f"{turn.generation_id}\r\n"
            f"2026-11-25 17:17:04,up,,recommendation,,좋아요.,두부 1|두부 2|두부 3,VEGAN,,catalogue,{selected.pk}\r\n"
        ).encode()
    )
    assert b"secret-session" not in exported


def test_an_empty_file_has_its_columns(page: Client) -> None:
    assert _export(page) == b"\xef\xbb\xbf" + HEAD.encode()


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "\t=", "\r=", "'="])
def test_no_cell_is_a_formula(page: Client, start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    title = {**ANSWER["challenges"][0], "title": text}  # type: ignore[dict-item]  # it is a list
    answer = {"kind": "recommendation", "recommend": text, "challenges": [title]}
    thought(message_turn(text, generation=make(answer=answer, source=text)), "up", text)
    row = _rows(_export(page))[0]
    for name in ("reason", "message", "recommend", "challenges", "source"):
        assert row[name] == f"'{text}", name


def test_a_wrong_filter_leads_back_to_the_list(page: Client) -> None:
    response = page.get(f"{LIST}export/", {"colour": "red"})
    assert (response.status_code, response.headers["location"]) == (302, f"{LIST}?e=1")


def test_the_list_costs_the_same_for_any_number_of_rows(page: Client) -> None:
    counts = []
    for rows in (5, 200):
        while Feedback.objects.count() < rows:
            thought(message_turn(session=f"s{Feedback.objects.count()}"))
        with CaptureQueriesContext(connection) as queries:
            page.get(LIST, {"all": ""})
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_a_file_is_written_in_pieces_each_row_once(
    page: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(feedback, "BATCH", 7)
    _many(100)
    with django_assert_max_num_queries(30):  # fifteen batches; the others are for the list's filters and the user
        rows = _rows(_export(page))
    assert len(rows) == 100
    times = [row["given_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    Feedback.objects.filter(session="many-3").update(reason="세 번째")
    assert [row["reason"] for row in _rows(_export(page)) if row["reason"]] == ["세 번째"]


def test_an_editor_reads_feedback_without_what_opens_a_conversation() -> None:
    given = thought(message_turn(), "down", "어려워요")
    page = staff("view_feedback")
    html = page.get(LIST).content.decode() + page.get(f"{LIST}{given.pk}/change/").content.decode()
    assert "어려워요" in html
    assert given.session_id not in html
    assert f"/generation/{given.generation_id}/" not in html
