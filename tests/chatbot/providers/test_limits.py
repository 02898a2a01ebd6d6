import asyncio
from collections.abc import AsyncGenerator

import pytest
from asgiref.sync import async_to_sync

from chatbot.providers.base import ProviderError
from chatbot.providers.limits import Limits, within

LIMITS = Limits(connect=1, first_token=0.2, silence=0.1, answer=0.6, answer_bytes=100)


async def says(*parts: str | float) -> AsyncGenerator[str, None]:
    """Says strings, and pauses for numbers of seconds."""
    for part in parts:
        if isinstance(part, str):
            yield part
        else:
            await asyncio.sleep(part)


def heard(*parts: str | float) -> list[str]:
    async def listen() -> list[str]:
        return [piece async for piece in within(LIMITS, says(*parts))]

    return async_to_sync(listen)()


def test_a_source_within_the_limits_is_heard_whole() -> None:
    assert heard(" ", "가", 0.01, "\n", "나") == [" ", "가", "\n", "나"]


@pytest.mark.parametrize(
    ("parts", "limit"),
    [
        ([5], "no token within 0.2 s"),
        ([" ", 0.15, "\n", 0.15, " "], "no token within 0.2 s"),
        (["가", 5], "silent for 0.1 s"),
        (["가", 0.06, " ", 0.06, "나"], "silent for 0.1 s"),
        (["가", 0.05] * 20, "no end within 0.6 s"),
        (["가" * 34], "more than 100 bytes"),
    ],
)
def test_a_limit_that_is_passed_is_named(parts: list[str | float], limit: str) -> None:
    with pytest.raises(ProviderError, match=f"^{limit}$"):
        heard(*parts)
