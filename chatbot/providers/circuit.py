"""The circuit breaker of a model. A model that fails repeatedly is skipped for some time, so that clients do not wait.

This is our own code because the libraries for asyncio do not fit. purgatory counts a cancelled call as a failure or a
success, but clients often leave during an answer. After the pause it lets all calls try, and not only one. aiobreaker
has had no release since 2021.
"""

import time
from collections.abc import Callable
from weakref import WeakSet

SKIPPED = "skipped after"
"""A part of the error of a skipped call."""

WINDOW_SECONDS = 600.0
"""If more time passes between two failures, the count starts again."""


class CircuitBreaker:
    """Opens after ``failures`` failures in a row for ``pause`` seconds. Then one call tries the model. 0: never."""

    def __init__(self, name: str, *, failures: int, pause: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._most = failures
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._failed_at = float("-inf")
        self._open_until = 0.0
        self._is_trying = False
        _breakers.add(self)

    @property
    def is_open(self) -> bool:
        """Whether the model is skipped until one call succeeds."""
        return 0 < self._most <= self._failures

    @property
    def failures(self) -> int:
        """The number of failures in a row."""
        return self._failures

    def enter(self) -> bool:
        """Whether a call may begin. If it may, call ``succeeded``, ``failed`` or ``left`` at its end."""
        if not self.is_open:
            return True
        if self._is_trying or self._clock() < self._open_until:
            return False
        self._is_trying = True
        return True

    def succeeded(self) -> None:
        self._failures = 0
        self._is_trying = False

    def failed(self) -> None:
        now = self._clock()
        if now - self._failed_at > WINDOW_SECONDS and not self.is_open:
            self._failures = 0
        self._failures += 1
        self._failed_at = now
        self._open_until = now + self._pause
        self._is_trying = False

    def left(self) -> None:
        """Ends a call that tells nothing about the model, such as a cancelled one."""
        self._is_trying = False


_breakers: WeakSet[CircuitBreaker] = WeakSet()


def open_circuits() -> dict[str, int]:
    """The models that this process skips now, with the number of their failures in a row."""
    return {breaker.name: breaker.failures for breaker in list(_breakers) if breaker.is_open}
