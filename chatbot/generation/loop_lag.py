"""How late the event loop is: measured in one place, for the metrics and for what then does less."""

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

SAMPLE_SECONDS = 0.1
REMEMBERED_SECONDS = 60.0
"""How long the greatest lag is remembered: longer than Prometheus waits between two looks."""


class LoopLag:
    """Looks every 100 ms how much later than it was due its timer came. Runs as long as the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.latest = 0.0
        self._loop = loop
        self._seconds: deque[tuple[float, float]] = deque()  # when, and the greatest lag of that second
        self._wait(loop.time())

    @property
    def greatest(self) -> float:
        """Of the last minute, in seconds."""
        self._forget(self._loop.time())
        return max((lag for _, lag in self._seconds), default=0.0)

    def note(self, lag: float) -> None:
        """Takes a timer's lag into account, this one's or another's: it came so many seconds late."""
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


_lags: WeakKeyDictionary[asyncio.AbstractEventLoop, LoopLag] = WeakKeyDictionary()


def loop_lag() -> LoopLag:
    """Of the loop that runs. It is measured from the first call on."""
    loop = asyncio.get_running_loop()
    lag = _lags.get(loop)
    if lag is None:
        lag = _lags[loop] = LoopLag(loop)
    return lag
