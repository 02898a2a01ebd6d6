"""The circuit breaker of a model. A model that fails repeatedly is skipped for some time, so that clients do not wait.

This is our own code because the libraries for asyncio do not fit. purgatory counts a cancelled call as a failure or a
success, but clients often leave during an answer. After the pause it lets all calls try, and not only one. aiobreaker
has had no release since 2021.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
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
        self._succeeded_at = float("-inf")
        self._open_until = 0.0
        self._is_trying = False
        self._state_number = 0  # changes when the breaker opens or closes
        _breakers.add(self)

    @property
    def is_open(self) -> bool:
        """Whether the model is skipped until one call succeeds."""
        return 0 < self._most <= self._failures

    @property
    def failures(self) -> int:
        """The number of failures in a row."""
        return self._failures

    def enter(self) -> "Call | None":
        """The call that may begin; None if the model is skipped. Report the end of the call to it."""
        if self.is_open:
            if self._is_trying or self._clock() < self._open_until:
                return None
            self._is_trying = True
        return Call(self, self._state_number)

    def _is_current(self, call: "Call") -> bool:
        """Whether the breaker neither opened nor closed after the call began. If it is open, this is the trial."""
        return call.state_number == self._state_number

    def _succeed(self) -> None:
        self._succeeded_at = self._clock()
        self._state_number += self.is_open
        self._failures = 0
        self._is_trying = False

    def _fail(self) -> None:
        now, was_open = self._clock(), self.is_open
        if now - self._failed_at > WINDOW_SECONDS and not was_open:
            self._failures = 0
        self._failures += 1
        self._failed_at = now
        self._open_until = now + self._pause
        self._state_number += self.is_open and not was_open
        self._is_trying = False

    def _has_succeeded_lately(self) -> bool:
        return self._clock() - self._succeeded_at <= WINDOW_SECONDS


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the model. It changes nothing if the breaker opened or closed after the call began."""

    breaker: CircuitBreaker
    state_number: int

    def succeeded(self) -> None:
        if self.breaker._is_current(self):
            self.breaker._succeed()

    def failed(self) -> None:
        if self.breaker._is_current(self):
            self.breaker._fail()

    def rejected(self) -> None:
        """The server objected to the request. That is the request's fault if other requests succeeded lately."""
        if self.breaker._has_succeeded_lately():
            self.left()
        else:
            self.failed()

    def left(self) -> None:
        """Ends a call that tells nothing about the model, such as a cancelled one."""
        if self.breaker._is_current(self):
            self.breaker._is_trying = False


_breakers: WeakSet[CircuitBreaker] = WeakSet()


def open_circuits() -> dict[str, int]:
    """The models that this process skips now, with the number of their failures in a row."""
    return {breaker.name: breaker.failures for breaker in list(_breakers) if breaker.is_open}
