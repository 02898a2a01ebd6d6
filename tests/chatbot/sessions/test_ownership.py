"""Valid and invalid cookies and tokens. If several clients begin a session at once, the first one owns it."""

import importlib
import uuid
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.signing import Signer
from django.db import connection
from hypothesis import given
from hypothesis import strategies as some
from pytest_django import DjangoAssertNumQueries, Settings

from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.errors import NotOwner
from chatbot.events.subscription import LoggedGeneration
from chatbot.models import ChatSession, Turn
from chatbot.service import Stream
from chatbot.sessions import ownership, store
from chatbot.sessions.conversation import conversation
from chatbot.sessions.memory import Note, recall
from chatbot.sessions.ownership import NO_PROOF, AccessCheck, Grant, Ownership, Proof
from chatbot.sessions.store import NewTurn
from tests.chatbot.sessions.test_store import NOTE, generation

MOVED = Note(location="beach", category="UPCYCLING", message="안녕")
KEY = "owner-key"
OWNER = ownership.owner_of(KEY)
COOKIE = Proof(owner_keys=(KEY,))
TOKEN = Proof(token=ownership.session_token("s", OWNER))
STRANGER = Proof(owner_keys=("another-key",))


def test_an_owner_key_is_read_from_its_cookie() -> None:
    assert ownership.read_owner_key(ownership.signed_owner_key(KEY)) == KEY


@pytest.mark.parametrize("value", ["", KEY, f"{KEY}:", f"{KEY}:forged", Signer(salt="other").sign(KEY)])
def test_what_is_not_signed_as_a_cookie_has_no_owner_key(value: str) -> None:
    assert ownership.read_owner_key(value) == ""


def test_owner_keys_cannot_be_guessed() -> None:
    assert len({ownership.new_owner_key() for _ in range(100)}) == 100
    assert len(ownership.new_owner_key()) >= 22  # of 64 characters: 128 bits


def test_a_token_shows_the_owner_of_its_session_alone() -> None:
    assert TOKEN.shows(OWNER, "s")
    assert not TOKEN.shows(OWNER, "t")
    assert not TOKEN.shows(ownership.owner_of("another-key"), "s")
    assert not TOKEN.shows("", "s")


@given(token=some.text(max_size=100))
def test_whatever_is_no_token_shows_nothing(token: str) -> None:
    for text in (token, f"{OWNER}.{token}"):
        assert not Proof(token=text).shows(OWNER, "s")


def test_a_token_of_one_session_cannot_be_turned_into_one_for_another() -> None:
    owner, _, signature = ownership.session_token("s:t", OWNER).partition(".")
    for forged in (f"{owner}.t:{signature}", f"{owner}:t.{signature}", f"{owner}.{signature}"):
        assert not Proof(token=forged).shows(OWNER, "s")


def test_requests_count_for_the_owner_whose_proof_they_show(settings: Settings) -> None:
    proofs = [NO_PROOF, Proof(token="forged"), TOKEN, COOKIE, Proof(established=OWNER), STRANGER]
    assert [ownership.rate_key("s", proof) for proof in proofs] == [
        *["|s"] * 2,
        *[f"{OWNER}|s"] * 3,
        f"{ownership.owner_of('another-key')}|s",
    ]
    settings.LEAFRESH_SESSION_BINDING = "off"
    assert {ownership.rate_key("s", proof) for proof in proofs} == {"|s"}


def test_a_new_secret_key_voids_what_was_signed_unless_the_old_one_is_named(settings: Settings) -> None:
    cookie, token, old = ownership.signed_owner_key(KEY), TOKEN, settings.SECRET_KEY
    settings.SECRET_KEY = "new"  # noqa: S105  for this test alone
    assert (ownership.read_owner_key(cookie), token.shows(OWNER, "s")) == ("", False)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert (ownership.read_owner_key(cookie), token.shows(OWNER, "s")) == (KEY, True)


def test_secrets_are_in_no_representation() -> None:
    grant = Grant(OWNER, KEY, TOKEN.token)
    proof = replace(TOKEN, owner_keys=(KEY,))
    stream = Stream(LoggedGeneration(uuid.uuid4()), FreeTextRequest("가", "s", proof), grant=grant)
    for each in (proof, AccessCheck(OWNER, KEY), grant, stream):
        assert KEY not in repr(each)
        assert TOKEN.token not in repr(each)


BOUND, UNBOUND, OF_BEFORE = Ownership(OWNER, bound=True), Ownership(OWNER), Ownership("")


@pytest.mark.parametrize(
    ("mode", "known", "proof", "enters"),
    [
        ("on", None, NO_PROOF, "unbound"),
        ("on", None, COOKIE, "bound"),
        ("on", None, TOKEN, "bound"),
        ("on", UNBOUND, NO_PROOF, "unbound"),
        ("on", UNBOUND, STRANGER, "unbound"),
        ("on", UNBOUND, COOKIE, "bound"),
        ("on", UNBOUND, TOKEN, "bound"),
        ("on", UNBOUND, Proof(established=OWNER), "unbound"),
        ("on", BOUND, COOKIE, "bound"),
        ("on", BOUND, Proof(established=OWNER), "bound"),
        ("on", BOUND, NO_PROOF, "refused"),
        ("on", BOUND, STRANGER, "refused"),
        ("on", OF_BEFORE, COOKIE, "unbound"),
        ("required", None, NO_PROOF, "unbound"),
        ("required", UNBOUND, NO_PROOF, "refused"),
        ("required", UNBOUND, TOKEN, "bound"),
        ("required", OF_BEFORE, COOKIE, "refused"),
        ("off", BOUND, NO_PROOF, "unbound"),
    ],
)
def test_how_a_request_enters(
    settings: Settings, mode: str, known: Ownership | None, proof: Proof, enters: str
) -> None:
    settings.LEAFRESH_SESSION_BINDING = mode
    if enters == "refused":
        with pytest.raises(NotOwner):
            ownership.check_access(known, proof, "s")
        return
    access = ownership.check_access(known, proof, "s")
    if known in {None, BOUND, UNBOUND} and proof is not STRANGER:
        assert access.bound is (enters == "bound")


def entering(proof: Proof, asked: uuid.UUID, key: str = "s") -> NewTurn:
    memory = recall([key]).get(key)
    return NewTurn(key, asked, NOTE, ownership.check_access(memory.ownership if memory else None, proof, key))


def begin(proof: Proof = NO_PROOF) -> Grant:
    """Begins a session. Returns the credentials of its client."""
    turn = entering(proof, generation("가"))
    return ownership.granted(turn.access, store.add_turns([turn])["s"], "s")


@pytest.mark.django_db
class TestRows:
    def test_a_row_keeps_no_key_and_no_token(self) -> None:
        grant = begin()
        row = ChatSession.objects.values().get()
        assert row["owner"] == ownership.owner_of(grant.owner_key)
        assert not {grant.owner_key, grant.session_token} & set(map(str, row.values()))

    def test_of_two_that_begin_a_session_at_once_the_first_owns_it(self) -> None:
        one, two = (entering(NO_PROOF, generation("가")) for _ in range(2))
        rows = [store.add_turns([turn])["s"] for turn in (one, two)]
        grants = [ownership.granted(turn.access, row, "s") for turn, row in zip((one, two), rows, strict=True)]
        assert [bool(grant.session_token) for grant in grants] == [True, False]
        assert Turn.objects.count() == 2

    def test_one_that_shows_who_it_is_keeps_others_out_that_begin_at_once(self) -> None:
        owner, other = (entering(proof, generation("가")) for proof in (COOKIE, NO_PROOF))
        rows = store.add_turns([owner, other])
        assert rows["s"] == Ownership(OWNER, bound=True)
        assert other.access.is_refused_by(rows["s"])
        assert list(Turn.objects.values_list("generation_id", flat=True)) == [owner.generation_id]

    def test_a_session_that_became_bound_meanwhile_refuses_who_had_been_let_in(self) -> None:
        grant = begin()
        late = entering(NO_PROOF, generation("나"))
        store.check_owner("s", Proof(token=grant.session_token))
        assert late.access.is_refused_by(store.add_turns([late])["s"])
        assert Turn.objects.count() == 1

    @pytest.mark.parametrize("mode", ["on", "required"])
    def test_what_is_refused_changes_nothing(self, settings: Settings, mode: str) -> None:
        settings.LEAFRESH_SESSION_BINDING = mode
        begin(COOKIE)
        before = ChatSession.objects.values().get()
        late = NewTurn("s", generation("나"), MOVED, ownership.check_access(None, NO_PROOF, "s"))
        other = NewTurn("t", generation("다"), MOVED, ownership.check_access(None, NO_PROOF, "t"))
        rows = store.add_turns([late, other])
        assert late.access.is_refused_by(rows["s"])
        assert ChatSession.objects.values().get(pk="s") == before
        assert ChatSession.objects.get(pk="t").category == MOVED.category

    @pytest.mark.parametrize("owner_first", [False, True])
    def test_what_is_refused_beside_what_its_owner_asks_changes_nothing(self, owner_first: bool) -> None:
        begin(COOKIE)
        mine = entering(COOKIE, generation("나"))
        late = NewTurn("s", generation("다"), MOVED, ownership.check_access(None, NO_PROOF, "s"))
        store.add_turns([mine, late] if owner_first else [late, mine])
        session = ChatSession.objects.get()
        assert (session.category, session.location) == (NOTE.category, NOTE.location)
        assert Turn.objects.count() == 2

    def test_where_proof_is_required_the_second_of_two_that_begin_at_once_changes_nothing(
        self, settings: Settings
    ) -> None:
        settings.LEAFRESH_SESSION_BINDING = "required"
        first = entering(NO_PROOF, generation("가"))
        second = NewTurn("s", generation("나"), MOVED, ownership.check_access(None, NO_PROOF, "s"))
        store.add_turns([first, second])
        assert ChatSession.objects.get().category == NOTE.category
        assert Turn.objects.get().generation_id == first.generation_id

    def test_an_expired_session_keeps_what_it_has_when_another_client_is_refused(self) -> None:
        begin(COOKIE)
        ChatSession.objects.update(active_at="2001-01-01T00:00Z")
        before = ChatSession.objects.values().get()
        with pytest.raises(NotOwner):
            ownership.check_access(store.remembered(["s"])["s"].ownership, NO_PROOF, "s")
        store.add_turns([NewTurn("s", generation("나"), MOVED, ownership.check_access(None, NO_PROOF, "s"))])
        assert ChatSession.objects.values().get() == before

    def test_an_owner_is_shown_nothing_that_another_client_said_before(self) -> None:
        grant = begin()
        store.add_turns([entering(NO_PROOF, generation("나"))])
        assert len(conversation("s")["turns"]) == 2
        mine = entering(Proof(token=grant.session_token), generation("다"))
        store.add_turns([mine])
        turns = conversation("s")["turns"]
        assert len(turns) == 2
        assert turns[1]["generationId"] == str(mine.generation_id)
        assert len(recall(["s"])["s"].exchanges) == 2

    def test_asking_binds_without_a_statement_of_its_own(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        grant = begin()
        turn = entering(Proof(token=grant.session_token), generation("나"))
        with django_assert_num_queries(2):
            assert store.add_turns([turn])["s"].bound

    def test_looking_costs_one_statement_and_binding_one_more_once(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        proof = Proof(token=begin().session_token)
        for statements in (2, 1):
            with django_assert_num_queries(statements):
                store.check_owner("s", proof)
        with django_assert_num_queries(1), pytest.raises(NotOwner):
            store.check_owner("s", NO_PROOF)

    def test_who_began_a_session_is_not_yet_one_that_came_back(self) -> None:
        grant = begin()
        store.check_owner("s", Proof(established=grant.owner))
        assert not ChatSession.objects.get().bound

    def test_an_expired_session_stays_its_owners_until_it_is_erased(self) -> None:
        begin(COOKIE)
        ChatSession.objects.update(active_at="2001-01-01T00:00Z")
        memory = store.remembered(["s"])["s"]
        with pytest.raises(NotOwner):
            ownership.check_access(memory.ownership, NO_PROOF, "s")
        assert ownership.check_access(memory.ownership, COOKIE, "s").is_proven
        assert store.remembered(["s"])["s"].exchanges == ()
        late = NewTurn("s", generation("나"), NOTE, ownership.check_access(None, NO_PROOF, "s"))
        assert late.access.is_refused_by(store.add_turns([late])["s"])

    def test_an_owner_who_asks_while_the_session_is_forgotten_owns_it_again(self) -> None:
        begin(COOKIE)
        turn = entering(COOKIE, generation("나"))
        ChatSession.objects.update(owner="", bound=False, forgotten_through=Turn.objects.get().pk)
        assert store.add_turns([turn])["s"] == Ownership(OWNER, bound=True)
        assert ChatSession.objects.get().owner == OWNER

    def test_ids_of_before_that_cannot_be_guessed_count_as_made_by_the_server(self) -> None:
        keys = [uuid.uuid4().hex, "0" * 31, "user123", uuid.uuid4().hex.upper()]
        for key in keys:
            ChatSession.objects.create(key=key)
        migration = importlib.import_module("chatbot.migrations.0006_session_owner")
        migration.mark_ids_that_cannot_be_guessed(apps, SimpleNamespace(connection=connection))
        assert list(ChatSession.objects.filter(server_made=True).values_list("pk", flat=True)) == keys[:1]

    def test_nothing_is_remembered_of_an_owner_where_nothing_is_asked(self, settings: Settings) -> None:
        settings.LEAFRESH_SESSION_BINDING = "off"
        assert begin(COOKIE) == Grant()
        assert ChatSession.objects.get().owner == ""
        assert store.check_owner("s", NO_PROOF, private=True) is None
