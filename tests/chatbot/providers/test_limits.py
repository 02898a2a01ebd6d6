import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from asgiref.sync import async_to_sync

from chatbot.providers.base import ProviderError
from chatbot.providers.limits import Limits, within

LIMITS = Limits(connect=10, first_token=10, silence=10, answer=10, answer_bytes=100)
"""Limits that no test reaches. Each test lowers the limit that it tests, so that no other one is reached before."""


async def text_pieces(*parts: str | float) -> AsyncGenerator[str, None]:
    """Yields strings, and pauses for numbers of seconds."""
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            await asyncio.sleep(part)


def read_within(*parts: str | float, limits: Limits = LIMITS) -> list[str]:
    async def read() -> list[str]:
        return [piece async for piece in within(limits, text_pieces(*parts))]

    return async_to_sync(read)()


def test_all_pieces_within_the_limits_are_passed_on() -> None:
    assert read_within(" ", "가", 0.01, "\n", "나") == [" ", "가", "\n", "나"]


@pytest.mark.parametrize(
    ("parts", "limits", "told"),
    [
        ([60], replace(LIMITS, first_token=0.1), "no token within 0.1 s"),
        ([" ", 0.08, "\n", 0.08, " ", 60], replace(LIMITS, first_token=0.1), "no token within 0.1 s"),
        (["가", 60], replace(LIMITS, silence=0.1), "silent for 0.1 s"),
        (["가", 0.08, " ", 0.08, "나", 60], replace(LIMITS, silence=0.1), "silent for 0.1 s"),
        (["가", 0.02] * 20, replace(LIMITS, answer=0.2), "no end within 0.2 s"),
        (["가" * 34], LIMITS, "more than 100 bytes"),
    ],
)
def test_a_limit_that_is_passed_is_named(parts: list[str | float], limits: Limits, told: str) -> None:
    with pytest.raises(ProviderError, match=f"^{told}$"):
        read_within(*parts, limits=limits)


def test_an_answer_ends_at_the_deadline_of_its_request() -> None:
    """The provider ends it, and not the writer: only so the circuit breaker counts the failure."""

    async def read() -> None:
        over = replace(LIMITS, deadline=asyncio.get_running_loop().time())
        async for _ in within(over, text_pieces("가", 60)):
            pass

    with pytest.raises(ProviderError, match=r"^no end within 10 s$"):
        async_to_sync(read)()
