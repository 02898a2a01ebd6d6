"""The ends of generations during an outage of the database: queued, bounded and written later."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, OperationalError

from chatbot.generation import retry_queue as module
from chatbot.generation.retry_queue import WriteRetryQueue
from chatbot.generation.rows import GenerationEnd, Result
from chatbot.models import Enforcement, Outcome, Purpose


def ending() -> GenerationEnd:
    result = Result(
        outcome=Outcome.COMPLETED,
        answer=None,
        error="",
        source="catalog",
        tried=[],
        enforcement=Enforcement.AS_IT_CAME,
        mends={},
        tokens_in=None,
        tokens_out=None,
        raw="",
        first_token_ms=None,
        duration_ms=1,
    )
    return GenerationEnd(uuid.uuid4(), result, Purpose.PUBLIC, 1)


def without_words(one: GenerationEnd) -> GenerationEnd:
    """The row that is written after the database has refused the values of an end."""
    error = "How it ended could not be written."
    nothing: dict[str, Any] = {"answer": None, "source": "", "tokens_in": None, "error": error}
    return replace(one, result=replace(one.result, outcome=Outcome.FAILED, **nothing))


class Database:
    """The rows that are written; if ``error`` is set, it is raised instead."""

    def __init__(self) -> None:
        self.written: list[GenerationEnd] = []
        self.error: Callable[[GenerationEnd], Exception | None] = lambda _: None
        self.silent = False

    async def record(self, ending: GenerationEnd) -> None:
        while self.silent:
            await asyncio.sleep(0.001)
        if error := self.error(ending):
            raise error
        self.written.append(ending)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    stub = Database()
    monkeypatch.setattr(module, "record_end", stub.record)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.001)
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    return stub


def gone(_: GenerationEnd) -> Exception:
    return OperationalError("no connection")


async def until_none_is_left(kept: WriteRetryQueue) -> None:
    while len(kept):
        await asyncio.sleep(0.001)


def test_an_ending_is_written_before_its_stream_goes_on(database: Database) -> None:
    async def scenario() -> None:
        kept, one = WriteRetryQueue(), ending()
        await kept.write(one)
        assert (database.written, len(kept)) == ([one], 0)

    async_to_sync(scenario)()


def test_endings_are_written_when_the_database_is_back_in_their_order(database: Database) -> None:
    async def scenario() -> None:
        kept, many = WriteRetryQueue(), [ending() for _ in range(250)]
        database.error = gone
        for one in many:
            await kept.write(one)
        assert (database.written, len(kept)) == ([], 250)
        await asyncio.sleep(0.01)
        database.error = lambda _: None
        await until_none_is_left(kept)
        assert database.written == many
        database.error = gone  # and again
        await kept.write(many[0])
        database.error = lambda _: None
        await until_none_is_left(kept)
        assert database.written == [*many, many[0]]

    async_to_sync(scenario)()


def test_a_stream_does_not_wait_for_a_silent_database(database: Database) -> None:
    async def scenario() -> None:
        kept, one = WriteRetryQueue(), ending()
        database.silent = True
        await kept.write(one)
        assert database.written == []
        database.error = gone
        database.silent = False
        await asyncio.sleep(0.01)
        assert len(kept) == 1
        database.error = lambda _: None
        await until_none_is_left(kept)
        assert database.written == [one]

    async_to_sync(scenario)()


def test_a_refused_row_is_logged_once_and_blocks_no_other(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        kept, wrong, right = WriteRetryQueue(), ending(), ending()
        database.error = gone
        await kept.write(wrong)
        await kept.write(right)
        database.error = lambda one: IntegrityError("no such row") if one is wrong else None
        await until_none_is_left(kept)
        while len(database.written) < 2:
            await asyncio.sleep(0.001)
        assert database.written == [right, without_words(wrong)]
        assert caplog.text.count(f"generation {wrong.generation_id} ended (completed), but its row could not") == 1
        database.written.clear()
        await kept.write(wrong)
        assert (database.written, len(kept)) == ([without_words(wrong)], 0)
        database.error = lambda one: IntegrityError("nothing is right")
        database.written.clear()
        await kept.write(wrong)
        assert (database.written, len(kept)) == ([], 0)

    async_to_sync(scenario)()


def test_what_others_are_in_the_way_of_is_written_later(database: Database) -> None:
    def deadlock(_: GenerationEnd) -> Exception:
        error = OperationalError("deadlock detected")
        error.__cause__ = Exception()
        error.__cause__.sqlstate = "40P01"  # type: ignore[attr-defined]  # as the driver's errors have it
        return error

    async def scenario() -> None:
        kept, one = WriteRetryQueue(), ending()
        database.error = deadlock
        await kept.write(one)
        assert (database.written, len(kept)) == ([], 1)
        database.error = lambda _: None
        await until_none_is_left(kept)
        assert database.written == [one]

    async_to_sync(scenario)()


def test_what_a_model_counted_wrongly_is_not_written_again(database: Database) -> None:
    async def scenario() -> None:
        kept, one = WriteRetryQueue(), ending()
        one = replace(one, result=replace(one.result, tokens_in=-1, outcome=Outcome.ABANDONED))
        database.error = lambda each: IntegrityError("counts") if each.result.tokens_in == -1 else None
        await kept.write(one)
        assert [(each.result.tokens_in, each.result.outcome) for each in database.written] == [(None, "abandoned")]

    async_to_sync(scenario)()


def test_no_more_are_kept_than_there_is_room_for(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        kept, many, void = WriteRetryQueue(most=4), [ending() for _ in range(6)], ending()
        database.error = gone
        for one in many[:2]:
            await kept.write(one)
        kept.keep_if_there_is_room(void)
        for one in many[2:]:
            await kept.write(one)
        assert len(kept) == 4
        assert [str(one.generation_id) in caplog.text for one in many] == [True, True, False, False, False, False]
        database.error = lambda _: None
        await until_none_is_left(kept)
        assert database.written == many[2:]

    async_to_sync(scenario)()


def test_a_server_that_stops_writes_what_it_can(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        module.RETRY_SECONDS = 60  # the fixture puts it back
        kept, one = WriteRetryQueue(), ending()
        database.error = gone
        await kept.write(one)
        database.error = lambda _: None
        await kept.settle(10)
        assert (database.written, len(kept)) == ([one], 0)
        database.error = gone
        await kept.write(one)
        await kept.settle(0.05)
        assert f"generation {one.generation_id} ended (completed), but its row was never written" in caplog.text

    async_to_sync(scenario)()
