"""Measures how late the event loop is, for the metrics and for the coalescer, which sends less often on a late loop."""

import asyncio
from collections import deque

SAMPLE_SECONDS = 0.1
REMEMBERED_SECONDS = 60.0
"""How long the greatest lag is remembered. This is longer than the usual interval of Prometheus."""


class LoopLag:
    """Measures every 100 ms how late its timer runs. It works as long as the loop."""

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
