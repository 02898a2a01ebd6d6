"""Coalescing: pieces of a provider's text that come within 50 ms are read, shown and sent together.

Reading and sending cost per piece rather than per character, and a person cannot tell 50 ms. Sending also costs per
subscriber. So with many subscribers, or a late event loop, the pieces become longer instead of coming ever later.
"""

import asyncio
from collections.abc import Callable

from chatbot.generation.loop_lag import LoopLag

GATHER_SECONDS = 0.05
LONGEST_SECONDS = 0.25
CROWD = 100
"""Subscribers up to which 50 ms hold. Twice as many wait twice as long."""


class TextCoalescer:
    """Hands text on to ``take``, which returns whether a person sees anything of it.

    Each piece is handed on at once until something is seen. Then what comes within 50 ms is joined; within 250 ms at
    most for many subscribers or a late loop. Used from the event loop only.
    """

    def __init__(
        self,
        take: Callable[[str], bool],
        *,
        loop_lag: LoopLag,
        subscriber_count: Callable[[], int] = lambda: 1,
        seconds: float = GATHER_SECONDS,
    ) -> None:
        self._take = take
        self._subscriber_count = subscriber_count
        self._seconds = seconds
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._seen_at = float("-inf")
        self._loop_lag = loop_lag
        self._error: Exception | None = None

    def add(self, piece: str) -> None:
        """Raises what ``take`` raised, for this piece or an earlier one."""
        self._waiting.append(piece)
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        due = self._seen_at + self._wait()
        if loop.time() >= due:
            self.flush()
        else:
            self._timer = loop.call_at(due, self._flush_later, due)

    def flush(self) -> None:
        """Hands on what waits. Raises what ``take`` raised, now or earlier."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._error is not None:
            raise self._error
        if self._waiting:
            text = "".join(self._waiting)
            self._waiting.clear()
            if self._take(text):
                self._seen_at = asyncio.get_running_loop().time()

    def _wait(self) -> float:
        """Seconds between one piece and the next."""
        for_all = self._seconds * max(1.0, self._subscriber_count() / CROWD)
        return min(for_all + 2 * self._loop_lag.latest, LONGEST_SECONDS)

    def _flush_later(self, due: float) -> None:
        self._loop_lag.note(asyncio.get_running_loop().time() - due)
        try:
            self.flush()
        except Exception as error:  # a timer has no caller: the next call raises it
            self._error = error
