"""Limits of a call to a hosted model: the time of a silence, the time of the answer, and the size of the answer."""

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self

from django.conf import settings

from chatbot.providers.base import ProviderError


class Reasoning(str):
    """A piece of reasoning. It resets the limit of silence, and does not count for the size of the answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits in seconds and bytes.

    ``first_token`` is the time until the first visible character, ``silence`` the time between two visible characters.
    ``deadline`` is the time of the event loop's clock at which the answer must end, if that is earlier than ``answer``.
    """

    connect: float
    first_token: float
    silence: float
    answer: float
    answer_bytes: int
    deadline: float = math.inf

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
    """Yields the pieces. Raises ProviderError, which names the limit, as soon as they exceed one.

    A piece of only white space does not reset the limit of silence. The task that reads this generator must not wait
    for anything else, because a timer interrupts its wait.
    """
    loop = asyncio.get_running_loop()
    over = min(loop.time() + limits.answer, limits.deadline)
    wait_until, limit = loop.time() + limits.first_token, f"no token within {limits.first_token:g} s"
    size = 0
    timer: asyncio.TimerHandle | None = None

    def look() -> None:
        """Ends the wait if a limit is exceeded, and otherwise sets the timer for the next limit.

        One timer is enough: a timer for each piece would take more time than everything else here.
        """
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
                size += 0 if isinstance(piece, Reasoning) else len(piece.encode("utf-8", "replace"))
                if size > limits.answer_bytes:
                    raise ProviderError(f"more than {limits.answer_bytes} bytes")
                if piece.strip():
                    wait_until, limit = loop.time() + limits.silence, f"silent for {limits.silence:g} s"
                    if not has_talked and timer is not None:  # the next limit may be earlier now
                        has_talked = True
                        timer.cancel()
                        look()
                yield piece
    except TimeoutError:
        raise ProviderError(f"no end within {limits.answer:g} s" if over <= wait_until else limit) from None
    finally:
        if timer is not None:
            timer.cancel()
