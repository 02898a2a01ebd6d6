"""The service on its own: joining, resuming and what it costs, without HTTP."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, OperationalError, connections
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from challenges.models import Category, Challenge, Location, WorkType
from chatbot import resumption, service
from chatbot.cluster.claims import Claim
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.remote_generation import RemoteGeneration
from chatbot.cluster.remote_registry import RemoteRegistry
from chatbot.cluster.replication import EventLogEntry
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.errors import ApplicationError, GenerationFailed, InvalidFields, TooManyGenerations
from chatbot.events.log import Cursor, StreamEnd, event_log
from chatbot.events.types import Close, Failed, Rewrite, encode_event
from chatbot.generation import cancellation
from chatbot.generation.local import LocalGeneration
from chatbot.generation.rows import read_rows
from chatbot.models import ChatSession, Generation, Outcome, PromptTemplate, Turn
from chatbot.providers.base import ProviderError, ProviderRequest
from chatbot.providers.configured import Providers
from chatbot.runtime import runtime
from tests.generations import recommend, stop
from tests.prompts import make_live, make_version

pytestmark = pytest.mark.django_db


def selection_request(session_id: str = "", category: str = "비건") -> BaseInfoRequest:
    return BaseInfoRequest("도시", "사무직", category, session_id)


async def ended(request: BaseInfoRequest) -> LocalGeneration:
    generation, _ = await recommend(request)
    await generation.ended.wait()
    return generation


async def received(stream: Any) -> list[tuple[str, int]]:
    """The names and numbers of the events of a stream."""
    assert isinstance(stream, service.Stream)
    return [
        (event.name, event.number)
        async for subscription in stream.subscriptions()
        async for events in subscription
        for event in events
    ]


async def first_token(generation: LocalGeneration) -> None:
    while (state := event_log.state(generation.id)) is None or state.last < 2:
        await asyncio.sleep(0)


@pytest.mark.parametrize("turns", [0, 1, 35])
def test_at_most_six_statements_before_the_first_token(settings: Settings, turns: int) -> None:
    """Also for a session that was given all that its category has."""
    async_to_sync(ended)(selection_request("warm"))
    for _ in range(turns):
        async_to_sync(ended)(selection_request("counted"))
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 5
    queries = CaptureQueriesContext(connections["default"])
    counted: list[str] = []

    async def scenario() -> None:
        generation, _ = await recommend(selection_request("counted"))
        await first_token(generation)
        statements = [query["sql"] for query in queries.captured_queries]
        # The test's own transaction makes savepoints of what are transactions else.
        counted.extend(statement for statement in statements if "SAVEPOINT" not in statement)
        await generation.ended.wait()

    with queries:
        async_to_sync(scenario)()
    assert len(counted) <= 6, "\n".join(counted)


def test_the_row_keeps_what_happened() -> None:
    generation = async_to_sync(ended)(selection_request("keeper"))
    row = Generation.objects.get()
    assert isinstance(generation.conclusion, Close)
    assert (row.id, str(row.prompt_version), row.source) == (generation.id, "base-info@1", "catalog")
    assert (row.location, row.work_type, row.category) == ("city", "office", "VEGAN")
    assert "관심 있는 주제: 비건" in row.user_prompt
    assert (row.outcome, row.error, row.answer) == (Outcome.COMPLETED, "", generation.conclusion.payload())
    state = event_log.state(row.id)
    assert state is not None
    assert (row.event_count, state.ended) == (state.last, True)
    assert row.first_token_ms is not None
    assert row.duration_ms is not None
    assert Turn.objects.get().session_id == "keeper"


def test_a_session_id_is_made_when_there_is_none() -> None:
    _, session_id = async_to_sync(recommend)(selection_request())
    assert ChatSession.objects.get().key == session_id
    assert uuid.UUID(session_id)


def test_two_requests_at_the_same_moment_join_one_generation() -> None:
    async def scenario() -> list[LocalGeneration]:
        both = await asyncio.gather(*(recommend(selection_request(f"person{number}")) for number in range(3)))
        await both[0][0].ended.wait()
        return [generation for generation, _ in both]

    one, two, three = async_to_sync(scenario)()
    assert one is two is three
    assert Generation.objects.count() == 1
    assert sorted(Turn.objects.values_list("session_id", flat=True)) == ["person0", "person1", "person2"]


def test_a_session_with_a_past_gets_a_generation_of_its_own() -> None:
    async_to_sync(ended)(selection_request("regular"))

    async def scenario() -> bool:
        fresh, _ = await recommend(selection_request("newcomer"))
        own, _ = await recommend(selection_request("regular"))
        await asyncio.gather(fresh.ended.wait(), own.ended.wait())
        return fresh is own

    assert not async_to_sync(scenario)()


def test_a_session_that_has_seen_everything_is_answered_all_the_same() -> None:
    suiting = Challenge.objects.suiting(location="city", work_type="office", category="VEGAN").count()
    titles: list[str] = []
    for _ in range(suiting // 3 + 2):
        conclusion = async_to_sync(ended)(selection_request("insatiable")).conclusion
        assert isinstance(conclusion, Close)
        assert len(conclusion.challenges) == 3
        titles += [challenge["title"] for challenge in conclusion.challenges]
    assert len(set(titles[:suiting])) == suiting


def test_a_new_live_version_is_used_by_the_next_generation() -> None:
    async_to_sync(ended)(selection_request("reader"))
    make_live(make_version())
    generation = async_to_sync(ended)(selection_request("reader"))
    row = Generation.objects.get(pk=generation.id)
    assert (str(row.prompt_version), row.user_prompt.split(" ")[:3]) == ("base-info@2", ["도시", "사무직", "비건"])


def test_a_ninth_category_works_everywhere_at_once() -> None:
    with pytest.raises(InvalidFields):
        async_to_sync(ended)(selection_request("ninth", "water"))
    category = Category.objects.create(key="WATER", label="물 아끼기", aliases=["절수"], order=9)
    for title in ("양치 컵 쓰기", "샤워 짧게", "쌀뜨물 쓰기"):
        challenge = Challenge.objects.create(title=title, description=f"{title}를 해 보세요.", category=category)
        challenge.locations.set(Location.objects.all())
        challenge.work_types.set(WorkType.objects.all())
    for name in ("water", "물아끼기", "절수"):
        generation = async_to_sync(ended)(selection_request(f"ninth-{name.encode().hex()}", name))
        assert isinstance(generation.conclusion, Close)
        assert {challenge["label"] for challenge in generation.conclusion.challenges} == {"물 아끼기"}


class BrokenProvider:
    """A provider that fails with the given error."""

    name = "broken"
    hosted = False

    def __init__(self, *pieces: str, error: Exception | None = None) -> None:
        self._pieces = pieces
        self._error = error

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        for piece in self._pieces:
            yield piece
        if self._error is not None:
            raise self._error


@pytest.fixture
def use_provider(monkeypatch: pytest.MonkeyPatch) -> Callable[[BrokenProvider], None]:
    return lambda provider: monkeypatch.setattr(Providers, "configured", lambda self, **_: [provider])


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (BrokenProvider(error=ProviderError("The catalogue is empty.")), "The catalogue is empty."),
        (BrokenProvider('{"recommend": "비건'), "broken: the text ended before the answer was complete"),
        (BrokenProvider("I cannot help with that."), "broken: the text ended before the answer was complete"),
        (BrokenProvider("{", error=RuntimeError("key sk-123 is wrong")), "RuntimeError"),
    ],
)
def test_a_provider_that_fails_ends_in_one_error(
    use_provider: Callable[[BrokenProvider], None], provider: BrokenProvider, reason: str
) -> None:
    use_provider(provider)
    generation = async_to_sync(ended)(selection_request("unlucky"))
    assert generation.conclusion == Failed(502, "AI 서버로부터 추천 결과를 받아오는 데 실패했습니다.")
    row = Generation.objects.get()
    assert (row.outcome, row.error, row.answer) == (Outcome.FAILED, reason, None)
    with pytest.raises(GenerationFailed):
        async_to_sync(service.answer)(selection_request("unlucky"))


def test_a_start_that_the_database_refuses_is_an_error_for_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("chatbot.generation.local.record_start", refuse)

    async def scenario() -> list[Any]:
        results = await asyncio.gather(*(recommend(selection_request("s")) for _ in range(2)), return_exceptions=True)
        await asyncio.sleep(0.01)
        assert len(runtime().registry) == 0
        return results

    assert [type(result) for result in async_to_sync(scenario)()] == [OperationalError, OperationalError]


def test_an_end_that_the_database_refuses_is_still_an_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_: Any) -> None:
        raise IntegrityError("no such version")

    monkeypatch.setattr("chatbot.generation.retry_queue.record_end", refuse)
    generation = async_to_sync(ended)(selection_request("s"))
    assert isinstance(generation.conclusion, Close)
    assert "its row could not be written" in caplog.text


def test_an_abandoned_generation_leaves_nothing_in_the_log(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def scenario() -> LocalGeneration:
        generation, _ = await recommend(selection_request("gone"))
        await first_token(generation)
        generation.end(Outcome.ABANDONED)
        await generation.ended.wait()
        return generation

    generation = async_to_sync(scenario)()
    assert event_log.state(generation.id) is None
    assert Generation.objects.get().outcome == Outcome.ABANDONED


def test_nobody_joins_a_generation_that_is_ending(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def scenario() -> tuple[Any, Any]:
        dying, _ = await recommend(selection_request("same"))
        await first_token(dying)
        dying.end(Outcome.ABANDONED)
        cursor = Cursor(dying.id, 1)
        resumed = await service.open_stream(selection_request("same"), cursor=cursor, token_format="object")
        assert isinstance(resumed, service.Stream)
        fresh = resumed.generation
        assert isinstance(fresh, LocalGeneration)
        await fresh.ended.wait()
        return (dying.id, resumed.reset), (fresh.id, type(fresh.conclusion))

    (dead, reset), (alive, conclusion) = async_to_sync(scenario)()
    assert reset
    assert (alive != dead, conclusion) == (True, Close)


def test_stopping_twice_or_by_a_stranger_changes_nothing_for_others(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def scenario() -> tuple[list[Outcome], Any]:
        generation, _ = await recommend(selection_request("stays"))
        await recommend(selection_request("goes"))
        await first_token(generation)
        said = [await stop(generation.id, session_id=who) for who in ("goes", "goes", "stranger")]
        await generation.ended.wait()
        return said, generation.conclusion

    said, conclusion = async_to_sync(scenario)()
    assert said == [Outcome.STOPPED, Outcome.STOPPED, Outcome.RUNNING]
    assert isinstance(conclusion, Close)
    assert not conclusion.stopped


def test_who_stopped_it_alone_is_not_told_the_rest_when_all_is_over(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def events_after(generation: LocalGeneration, number: int, who: str = "goes") -> list[tuple[str, int]] | None:
        stream = await service.open_stream(
            selection_request(who), cursor=Cursor(generation.id, number), token_format="object"
        )
        return None if isinstance(stream, resumption.NothingNew) else await received(stream)

    async def scenario() -> None:
        generation, _ = await recommend(selection_request("stays"))
        await recommend(selection_request("goes"))
        await first_token(generation)
        await stop(generation.id, session_id="goes")
        end = generation.stream_ends["goes"].end
        at_once = [await events_after(generation, number) for number in (1, end - 1, end)]
        await generation.ended.wait()
        while runtime().registry.get(generation.id) is not None:
            await asyncio.sleep(0)
        assert [await events_after(generation, number) for number in (1, end - 1, end)] == at_once
        whole, rest, nothing = at_once
        assert whole is not None
        assert [number for _, number in whole] == list(range(2, end + 1))
        assert (whole[-1], rest, nothing) == (("close", end), [("close", end)], None)
        others = await events_after(generation, end, "stays")
        assert others is not None
        assert others[0][1] == end + 1

    async_to_sync(scenario)()


def test_who_has_seen_a_part_of_his_end_is_ahead_of_the_others_and_gets_the_rest(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def scenario() -> bool:
        generation, _ = await recommend(selection_request("goes"))
        await first_token(generation)
        state = event_log.state(generation.id)
        assert state is not None
        stopped = Close("recommendation", "", [], stopped=True)
        generation.stream_ends["goes"] = StreamEnd(state.last, [Rewrite(0), stopped])
        event_log.keep_stream_ends(generation.id, generation.stream_ends)
        cursor = Cursor(generation.id, state.last + 1)
        stream = await service.open_stream(selection_request("goes"), cursor=cursor, token_format="object")
        assert await received(stream) == [("close", state.last + 2)]
        await runtime().registry.drain()
        return isinstance(stream, service.Stream) and stream.reset

    assert run(scenario()) is False


def test_stopping_while_the_database_is_gone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a cluster, other sessions may have joined at other processes, so it ends only for this session."""
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def gone(generation_id: uuid.UUID) -> set[str]:
        raise OperationalError("the connection is closed")

    async def scenario() -> tuple[Outcome, Any]:
        generation, _ = await recommend(selection_request("stops"))
        await first_token(generation)
        monkeypatch.setattr(runtime().cancellation, "_cluster", object())
        monkeypatch.setattr(cancellation, "_sessions_of", gone)
        said = await stop(generation.id, session_id="stops")
        with pytest.raises(OperationalError):
            await stop(generation.id, session_id="unknown")
        stream_end = generation.stream_end("stops")
        await generation.ended.wait()
        return said, stream_end

    said, stream_end = run(scenario())
    assert said == Outcome.STOPPED
    assert stream_end.events[-1].stopped
    assert Generation.objects.get().outcome == Outcome.COMPLETED


def lost(session_id: str = "") -> service.Stream:
    """The stream of a generation whose process died."""
    generation = RemoteGeneration(Claim(uuid.uuid4(), "other"))
    generation.give_up(lost=True)
    return service.Stream(generation, selection_request(session_id))


def test_a_generation_that_was_lost_starts_again_in_a_session_that_is_known() -> None:
    async def scenario() -> str:
        stream = lost()
        events = [
            (subscription.reset, event.name)
            async for subscription in stream.subscriptions()
            async for events in subscription
            for event in events
        ]
        assert (events[0], events[-1]) == ((True, "start"), (True, "close"))
        restarted = await stream.restarted()
        assert restarted is not None
        await runtime().registry.drain()
        return restarted.session_id

    session_id = run(scenario())
    assert session_id in [turn.session_id for turn in Turn.objects.all()]


def test_a_generation_that_was_lost_while_the_database_is_gone_ends_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def gone(request: BaseInfoRequest) -> None:
        raise OperationalError("the connection is closed")

    async def scenario() -> list[tuple[str, int]]:
        return await received(lost("waits"))

    monkeypatch.setattr(service, "join", gone)
    assert run(scenario()) == []


def test_after_the_end_nothing_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> list[tuple[str, int]]:
        generation = RemoteGeneration(Claim(uuid.uuid4(), "other"))
        close = Close("recommendation", "비건", [])
        generation.take(EventLogEntry((1, 0), "close", encode_event(close)))
        generation.lost = True
        return await received(service.Stream(generation, selection_request("has it")))

    assert run(scenario()) == [("close", 1)]
    assert not Turn.objects.exists()


def test_who_has_seen_the_end_elsewhere_is_not_told_again() -> None:
    async def scenario() -> RemoteGeneration | None:
        generation = await ended(selection_request("elsewhere"))
        row = await Generation.objects.aget()
        await Generation.objects.aupdate(process="other")
        event_log.forget(generation.id)
        nobody = cast("Cluster", None)  # Redis need not be asked
        return await RemoteRegistry(nobody, read_rows).find(generation.id, row.event_count or 0)

    assert run(scenario()) is None


def test_half_a_character_in_the_raw_text_ends_nothing(
    settings: Settings, use_provider: Callable[[BrokenProvider], None]
) -> None:
    settings.LEAFRESH_KEEP_RAW = True
    use_provider(BrokenProvider("\ud83d\0", '{"recommend": "'))
    generation = async_to_sync(ended)(selection_request("odd"))
    assert isinstance(generation.conclusion, Failed)
    assert Generation.objects.get().raw_text == '\ufffd\ufffd{"recommend": "'


def test_a_session_forgotten_while_its_answer_starts_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[bool] = []
    save = Turn.save

    def refuse_once(turn: Turn, **options: Any) -> None:
        if not refused:
            refused.append(True)
            raise IntegrityError("FOREIGN KEY constraint failed")
        save(turn, **options)

    monkeypatch.setattr(Turn, "save", refuse_once)
    generation = async_to_sync(ended)(selection_request("forgotten"))
    assert isinstance(generation.conclusion, Close)
    assert Turn.objects.get().session_id == "forgotten"


def test_no_more_generations_than_allowed(settings: Settings) -> None:
    settings.LEAFRESH_MAX_GENERATIONS = 1

    async def scenario() -> None:
        generation, _ = await recommend(selection_request("one"))
        with pytest.raises(TooManyGenerations):
            await recommend(selection_request("two", "플로깅"))
        await generation.ended.wait()
        await asyncio.sleep(0.01)
        await ended(selection_request("two", "플로깅"))

    async_to_sync(scenario)()


def test_without_a_live_prompt_an_operator_is_needed() -> None:
    PromptTemplate.objects.update(live_version=None)
    with pytest.raises(ApplicationError, match="게시된 프롬프트가 없습니다"):
        async_to_sync(ended)(selection_request())


def resumed(outcome: Outcome, number: int) -> Coroutine[Any, Any, Any]:
    """What a client gets that resumes at ``number`` an ended generation that is no longer in the log."""

    async def scenario() -> Any:
        generation = await ended(selection_request("resumer"))
        await Generation.objects.filter(pk=generation.id).aupdate(outcome=outcome)
        event_log.forget(generation.id)
        return await service.open_stream(
            selection_request("resumer"), cursor=Cursor(generation.id, number), token_format="object"
        )

    return scenario()


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    async def await_it() -> Any:
        return await coroutine

    return async_to_sync(await_it)()


def test_a_generation_out_of_the_log_is_answered_from_the_database() -> None:
    past = run(resumed(Outcome.COMPLETED, 1))
    row = Generation.objects.get()
    assert isinstance(past, resumption.Past)
    assert (past.generation_id, past.number) == (row.id, row.event_count)
    assert past.event.payload() == row.answer


def test_a_failed_one_is_answered_by_its_error() -> None:
    assert isinstance(run(resumed(Outcome.FAILED, 1)).event, Failed)


def test_behind_its_end_there_is_nothing_new() -> None:
    assert isinstance(run(resumed(Outcome.COMPLETED, 1000)), resumption.NothingNew)


@pytest.mark.parametrize("outcome", [Outcome.ABANDONED, Outcome.INTERRUPTED])
def test_one_that_died_is_started_anew_behind_a_reset(outcome: Outcome) -> None:
    stream = run(resumed(outcome, 1))
    assert isinstance(stream, service.Stream)
    assert (stream.reset, stream.after) == (True, 0)
    assert Generation.objects.filter(pk=stream.generation.id).exists()
    assert Generation.objects.count() == 2
