"""How late the event loop is: for the metrics, and for the coalescer, which then sends less often."""

import asyncio
from collections import deque

SAMPLE_SECONDS = 0.1
REMEMBERED_SECONDS = 60.0
"""How long the greatest lag is remembered: longer than Prometheus waits between two scrapes."""


class LoopLag:
    """Measures every 100 ms how late its timer came. Runs as long as the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.latest = 0.0
        self._loop = loop
        self._seconds: deque[tuple[float, float]] = deque()  # the start and the greatest lag of each second
        self._wait(loop.time())

    @property
    def greatest(self) -> float:
        """Of the last minute, in seconds."""
        self._forget(self._loop.time())
        return max((lag for _, lag in self._seconds), default=0.0)

    def note(self, lag: float) -> None:
        """Counts the lag of a timer, this one's or another's, in seconds."""
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
