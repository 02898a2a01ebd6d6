"""The limits of a call to a hosted model: how long it may be silent, how long it may talk, how much it may say."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self

from django.conf import settings

from chatbot.sources.base import SourceError


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. ``first_token`` runs until the first visible character, ``silence`` between visible ones."""

    connect: float
    first_token: float
    silence: float
    answer: float
    answer_bytes: int

    @classmethod
    def from_settings(cls) -> Self:
        return cls(
            connect=settings.LEAFRESH_CONNECT_SECONDS,
            first_token=settings.LEAFRESH_FIRST_TOKEN_SECONDS,
            silence=settings.LEAFRESH_TOKEN_SILENCE_SECONDS,
            answer=settings.LEAFRESH_ANSWER_SECONDS,
            answer_bytes=settings.LEAFRESH_ANSWER_BYTES,
        )


async def within(limits: Limits, pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """The pieces, as long as they keep within the limits. White space alone does not count as talking.

    Raises SourceError that names the limit.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    wait_until, limit = began + limits.first_token, f"no token within {limits.first_token:g} s"
    size = 0
    async with aclosing(pieces):
        while True:
            over = began + limits.answer
            try:
                async with asyncio.timeout_at(min(wait_until, over)):
                    piece = await anext(pieces)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if over <= wait_until:
                    limit = f"no end within {limits.answer:g} s"
                raise SourceError(limit) from None
            size += len(piece.encode("utf-8", "replace"))
            if size > limits.answer_bytes:
                raise SourceError(f"more than {limits.answer_bytes} bytes")
            if piece.strip():
                wait_until, limit = clock() + limits.silence, f"silent for {limits.silence:g} s"
            yield piece
