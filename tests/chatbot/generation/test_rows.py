"""The rows of generations in the database."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from chatbot.generation.retry_queue import WriteRetryQueue
from chatbot.generation.rows import GenerationEnd, Result
from chatbot.models import Enforcement, Generation, Outcome, Purpose


def ended(**how: Any) -> GenerationEnd:
    """The end of a generation that has a row."""
    row = Generation.objects.create(purpose=Purpose.TRIAL, source="catalog", seed=1)
    facts: dict[str, Any] = {
        "outcome": Outcome.COMPLETED,
        "answer": {"kind": "recommendation", "recommend": "비건", "challenges": []},
        "error": "",
        "source": "openai:gpt",
        "tried": [],
        "enforcement": Enforcement.AS_IT_CAME,
        "mends": {},
        "tokens_in": 10,
        "tokens_out": 20,
        "raw": "비건",
        "first_token_ms": 5,
        "duration_ms": 9,
        **how,
    }
    return GenerationEnd(row.pk, Result(**facts), Purpose.TRIAL, 7)


@pytest.mark.django_db
def test_an_ending_that_the_database_refuses_costs_no_other_its_row() -> None:
    """A provider may count anything: such numbers are refused by the driver, or by the database's checks."""
    good = [ended() for _ in range(2)]
    bad = [ended(tokens_in=-1), ended(tokens_out=2**70)]

    async def scenario() -> int:
        kept = WriteRetryQueue()
        await asyncio.gather(*(kept.write(one) for one in (good[0], bad[0], bad[1], good[1])))
        return len(kept)

    assert async_to_sync(scenario)() == 0
    rows = Generation.objects.in_bulk()
    shown = [(rows[it.generation_id].outcome, rows[it.generation_id].event_count) for it in (*good, *bad)]
    assert shown == [("completed", 7)] * 2 + [("failed", 7)] * 2
    assert [rows[it.generation_id].answer for it in (*good, *bad)] == [it.result.answer for it in good] + [None] * 2
