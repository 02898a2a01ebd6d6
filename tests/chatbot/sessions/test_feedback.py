import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError
from django.db.models.query import QuerySet
from pytest_django import DjangoAssertNumQueries

from chatbot.errors import ApplicationError, NotFound
from chatbot.models import ChatSession, Feedback, Generation
from chatbot.sessions import feedback
from chatbot.sessions.conversation import conversation
from chatbot.sessions.erasure import forget
from tests.chatbot.sessions.test_store import begun, generation

pytestmark = pytest.mark.django_db

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def rows() -> list[tuple[str, uuid.UUID, str, str]]:
    """What is kept of every thumb but its time."""
    kept = Feedback.objects.order_by("session_id", "pk")
    return list(kept.values_list("session_id", "generation_id", "thumb", "reason"))


@pytest.fixture
def requested_id() -> uuid.UUID:
    """A generation that the session ``s`` asked for."""
    requested_id = generation("가")
    begun("s", requested_id)
    return requested_id


def test_a_thumb_is_kept_with_its_reason(requested_id: uuid.UUID) -> None:
    given = feedback.give(
        session_key="s", generation_id=requested_id, thumb="down", reason=" 회사에서 하기 어려워요.\n"
    )
    assert rows() == [("s", requested_id, "down", "회사에서 하기 어려워요.")]
    assert feedback.shown(given) == {"thumb": "down", "reason": "회사에서 하기 어려워요."}
    assert feedback.of_session("s", [requested_id]) == {requested_id: feedback.shown(given)}


def test_one_may_change_ones_mind_and_the_reason_goes_with_it(requested_id: uuid.UUID) -> None:
    feedback.give(session_key="s", generation_id=requested_id, thumb="down", reason="별로")
    Feedback.objects.update(given_at=LONG_AGO)
    feedback.give(session_key="s", generation_id=requested_id, thumb="up")
    assert rows() == [("s", requested_id, "up", "")]
    assert Feedback.objects.get().given_at != LONG_AGO


def test_sessions_that_share_a_generation_think_for_themselves(requested_id: uuid.UUID) -> None:
    begun("other", requested_id)
    feedback.give(session_key="s", generation_id=requested_id, thumb="up")
    feedback.give(session_key="other", generation_id=requested_id, thumb="down")
    assert rows() == [("other", requested_id, "down", ""), ("s", requested_id, "up", "")]
    feedback.withdraw(session_key="s", generation_id=requested_id)
    assert rows() == [("other", requested_id, "down", "")]


def test_withdrawing_is_idempotent(requested_id: uuid.UUID) -> None:
    feedback.give(session_key="s", generation_id=requested_id, thumb="up")
    for _ in range(2):
        feedback.withdraw(session_key="s", generation_id=requested_id)
        assert rows() == []


@pytest.mark.parametrize(("session_key", "known"), [("stranger", True), ("nobody", True), ("s", False)])
def test_only_a_session_that_asked_for_it_may(requested_id: uuid.UUID, session_key: str, known: bool) -> None:
    begun("stranger", generation("나"))
    generation_id = requested_id if known else uuid.uuid4()
    with pytest.raises(NotFound):
        feedback.give(session_key=session_key, generation_id=generation_id, thumb="up")
    with pytest.raises(NotFound):
        feedback.withdraw(session_key=session_key, generation_id=generation_id)
    assert rows() == []


@pytest.mark.parametrize("thumb", ["", "UP", "sideways", "up ", "\0"])
def test_a_thumb_is_up_or_down(requested_id: uuid.UUID, thumb: str) -> None:
    with pytest.raises(ApplicationError) as caught:
        feedback.give(session_key="s", generation_id=requested_id, thumb=thumb)
    assert (caught.value.status, caught.value.message) == (422, "thumb은 up, down 중 하나여야 합니다.")
    assert rows() == []


@pytest.mark.parametrize("reason", ["가" * 501, "\u0344" * 251, "🌱" * 501, "a\u0315\u0300" * 1_000_000])
def test_a_reason_is_bounded_however_it_is_composed(requested_id: uuid.UUID, reason: str) -> None:
    with pytest.raises(ApplicationError) as caught:
        feedback.give(session_key="s", generation_id=requested_id, thumb="up", reason=reason)
    assert (caught.value.status, caught.value.message) == (422, "reason은 500자 이하여야 합니다.")
    assert rows() == []


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("가" * 500, "가" * 500),
        ("\u1112\u1161\u11ab" * 500, "한" * 500),
        ("\u03b1\u0313\u0300\u0345" * 500, "\u1f82" * 500),
        (" " * 700 + "좋아요", "좋아요"),
        ("a\0b", "a\ufffdb"),
        ("\ud800 반쪽 \udc00", "\ufffd 반쪽 \ufffd"),
        ("\ud83c\udf31", "🌱"),
        ("{{category}} <b>'\"; DROP", "{{category}} <b>'\"; DROP"),
    ],
)
def test_what_people_write_is_kept_as_a_database_can_hold_it(requested_id: uuid.UUID, reason: str, kept: str) -> None:
    feedback.give(session_key="s", generation_id=requested_id, thumb="up", reason=reason)
    assert rows() == [("s", requested_id, "up", kept)]


def test_a_running_generation_may_be_rated(requested_id: uuid.UUID) -> None:
    Generation.objects.filter(pk=requested_id).update(outcome="running", event_count=None, answer=None)
    feedback.give(session_key="s", generation_id=requested_id, thumb="up")
    assert rows() == [("s", requested_id, "up", "")]


def test_forgetting_the_session_erases_its_thumbs_alone(requested_id: uuid.UUID) -> None:
    begun("other", requested_id)
    feedback.give(session_key="s", generation_id=requested_id, thumb="up", reason="비밀")
    feedback.give(session_key="other", generation_id=requested_id, thumb="down")
    forget("s")
    assert rows() == [("other", requested_id, "down", "")]
    with pytest.raises(NotFound):
        feedback.give(session_key="s", generation_id=requested_id, thumb="up")


def test_an_expired_session_is_unknown(requested_id: uuid.UUID) -> None:
    feedback.give(session_key="s", generation_id=requested_id, thumb="up")
    ChatSession.objects.update(active_at=LONG_AGO)
    with pytest.raises(NotFound):
        feedback.give(session_key="s", generation_id=requested_id, thumb="down")
    with pytest.raises(NotFound):
        feedback.withdraw(session_key="s", generation_id=requested_id)
    assert rows() == [("s", requested_id, "up", "")]


def test_a_session_that_is_forgotten_meanwhile_is_unknown(
    requested_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_args: object, **_options: object) -> None:
        raise IntegrityError("its foreign key points nowhere")

    monkeypatch.setattr(QuerySet, "bulk_create", gone)
    with pytest.raises(NotFound):
        feedback.give(session_key="s", generation_id=requested_id, thumb="up")


def test_the_conversation_shows_it_for_a_constant_number_of_queries(
    requested_id: uuid.UUID, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    begun("s", *(generation(title) for title in "나다라"))
    begun("other", requested_id)
    feedback.give(session_key="other", generation_id=requested_id, thumb="up")
    with django_assert_num_queries(2):
        turns = conversation("s")["turns"]
    assert [turn["feedback"] for turn in turns] == [None] * 4
    for number, turn in enumerate(turns):
        generation_id = uuid.UUID(turn["generationId"])
        feedback.give(session_key="s", generation_id=generation_id, thumb="down", reason=str(number))
    with django_assert_num_queries(2):
        turns = conversation("s")["turns"]
    assert [turn["feedback"] for turn in turns] == [{"thumb": "down", "reason": str(n)} for n in range(4)]


def test_giving_and_withdrawing_cost_two_statements(
    requested_id: uuid.UUID, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):  # with the two that mark the transaction
        feedback.give(session_key="s", generation_id=requested_id, thumb="up")
    with django_assert_num_queries(2):
        feedback.withdraw(session_key="s", generation_id=requested_id)
