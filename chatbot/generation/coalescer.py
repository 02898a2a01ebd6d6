"""Gathering the pieces of a source's text: what comes within 50 ms is read, shown and sent together.

Reading and sending cost per piece rather than per character, and a person cannot tell 50 ms. Sending costs per listener
too: the more there are, and the more a process has to do, the longer are the pieces, instead of coming ever later.
"""

import asyncio
from collections.abc import Callable

from chatbot.generation.loop_lag import loop_lag

GATHER_SECONDS = 0.05
LONGEST_SECONDS = 0.25
CROWD = 100
"""Listeners up to whom that is so; for twice as many it gathers for twice as long."""


class TextCoalescer:
    """Hands pieces on to ``take``, which tells whether a person sees anything of them: each at once until something is
    seen, then what comes until 50 ms later together; until 250 ms later at most for many ``listeners``, or where the
    event loop was late. Used from the event loop only."""

    def __init__(
        self, take: Callable[[str], bool], *, listeners: Callable[[], int] = lambda: 1, seconds: float = GATHER_SECONDS
    ) -> None:
        self._take = take
        self._listeners = listeners
        self._seconds = seconds
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._seen_at = float("-inf")
        self._lag = loop_lag()
        self._error: Exception | None = None

    def add(self, piece: str) -> None:
        """Raises what ``take`` raised, of this piece or of earlier ones."""
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
        for_all = self._seconds * max(1.0, self._listeners() / CROWD)
        return min(for_all + 2 * self._lag.latest, LONGEST_SECONDS)

    def _flush_later(self, due: float) -> None:
        self._lag.note(asyncio.get_running_loop().time() - due)
        try:
            self.flush()
        except Exception as error:  # nobody is here to hear of it: the next call raises it
            self._error = error
