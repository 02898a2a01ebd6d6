"""Coalescing: pieces of a provider's text that arrive within 50 ms are scanned and sent together.

Scanning and sending cost time per piece rather than per character, and a person does not notice 50 ms. Sending also
costs time per subscriber. So with many subscribers, or a late event loop, the pieces become longer. Otherwise they
would be delayed more and more.
"""

import asyncio
from collections import deque
from collections.abc import Callable

GATHER_SECONDS = 0.05
LONGEST_SECONDS = 0.25
CROWD = 100
"""Up to so many subscribers the interval is 50 ms. Above that it grows in proportion to their number."""

SAMPLE_SECONDS = 0.1
REMEMBERED_SECONDS = 60.0
"""How long the greatest lag is remembered. This is longer than the usual interval of Prometheus."""


class LoopLag:
    """Measures every 100 ms how late its timer runs, also for the metrics. It works as long as the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.latest = 0.0
        self._loop = loop
        self._seconds: deque[tuple[float, float]] = deque()  # the start and the greatest lag of each second
        self._wait(loop.time())

    @property
    def greatest(self) -> float:
        """The greatest lag of the last minute, in seconds."""
        self._forget(self._loop.time())
        return max((lag for _, lag in self._seconds), default=0.0)

    def note(self, lag: float) -> None:
        """Records the lag of any timer, in seconds."""
        now = self._loop.time()
        self.latest = lag = max(0.0, lag)
        if self._seconds and now - self._seconds[-1][0] < 1.0:
            began, most = self._seconds[-1]
            self._seconds[-1] = (began, max(most, lag))
        else:
            self._forget(now)
            self._seconds.append((now, lag))

    def _forget(self, now: float) -> None:
        while self._seconds and now - self._seconds[0][0] > REMEMBERED_SECONDS:
            self._seconds.popleft()

    def _wait(self, now: float) -> None:
        self._timer = self._loop.call_at(now + SAMPLE_SECONDS, self._sample, now + SAMPLE_SECONDS)

    def _sample(self, due: float) -> None:
        now = self._loop.time()
        self.note(now - due)
        self._wait(now)


class TextCoalescer:
    """Passes text to ``take``, which returns whether any of it is visible to a person. Used on the event loop only.

    Until the first visible text, each piece is passed on at once. After that, the text of each 50 ms is joined. With
    many subscribers or a late event loop the interval grows to at most 250 ms.
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
        """Adds a piece. Raises an error of ``take`` for this piece or an earlier one."""
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
        """Passes on the waiting text. Raises an error of ``take``, from now or earlier."""
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
        """The interval in seconds between two calls of ``take``."""
        for_all = self._seconds * max(1.0, self._subscriber_count() / CROWD)
        return min(for_all + 2 * self._loop_lag.latest, LONGEST_SECONDS)

    def _flush_later(self, due: float) -> None:
        self._loop_lag.note(asyncio.get_running_loop().time() - due)
        try:
            self.flush()
        except Exception as error:  # a timer has no caller: the next call of add or flush raises the error
            self._error = error
