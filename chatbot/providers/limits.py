"""The limits of a call to a hosted model: how long it may be silent, how long it may talk, how much it may say."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self

from django.conf import settings

from chatbot.providers.base import ProviderError


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

    To be read by one task, which waits for nothing else meanwhile. Raises SourceError that names the limit.
    """
    loop = asyncio.get_running_loop()
    over = loop.time() + limits.answer
    wait_until, limit = loop.time() + limits.first_token, f"no token within {limits.first_token:g} s"
    size = 0
    timer: asyncio.TimerHandle | None = None

    def look() -> None:
        """Ends the wait if it is too long, and looks again when it may be. A timer for each piece costs more than all
        else here."""
        nonlocal timer
        due = min(wait_until, over)
        if loop.time() >= due:
            waiting.reschedule(due)
        else:
            timer = loop.call_at(due, look)

    try:
        async with asyncio.timeout(None) as waiting, aclosing(pieces):
            look()
            has_talked = False
            async for piece in pieces:
                size += len(piece.encode("utf-8", "replace"))
                if size > limits.answer_bytes:
                    raise ProviderError(f"more than {limits.answer_bytes} bytes")
                if piece.strip():
                    wait_until, limit = loop.time() + limits.silence, f"silent for {limits.silence:g} s"
                    if not has_talked and timer is not None:  # it may be due earlier now
                        has_talked = True
                        timer.cancel()
                        look()
                yield piece
    except TimeoutError:
        raise ProviderError(f"no end within {limits.answer:g} s" if over <= wait_until else limit) from None
    finally:
        if timer is not None:
            timer.cancel()
