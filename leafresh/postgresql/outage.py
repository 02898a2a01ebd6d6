"""While the server is gone, one thread at a time waits for it, and all others are told soon.

A process has few threads. If each waited for its seconds, a request would wait for those before it, too.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg import OperationalError

PATIENCE_SECONDS = 0.2
"""How long the others wait for the one: it takes less when the server is back."""

PAUSE_SECONDS = 0.5
"""How long nobody tries after an attempt that failed."""


class Outage:
    """What the threads of a process know of the server."""

    def __init__(self) -> None:
        self._is_on = False
        self._failed_at = 0.0
        self._trying = threading.Lock()

    def began(self) -> None:
        """Somebody found the server gone."""
        self._failed_at = time.monotonic()
        self._is_on = True

    @contextmanager
    def attempt(self, has_connection: Callable[[], bool]) -> Iterator[None]:
        """Within, a thread gets itself a connection. Raises psycopg's OperationalError when there is no use in trying:
        ``has_connection`` says whether one was made meanwhile that can be had at once."""
        alone = self._is_on and not has_connection() and self._wait_for_a_turn()
        try:
            yield
        except OperationalError:
            self.began()
            raise
        else:
            self._is_on = False
        finally:
            if alone:
                self._trying.release()

    def _wait_for_a_turn(self) -> bool:
        """Whether this thread is the one that tries; False when the server is back."""
        if self._has_just_failed() or not self._trying.acquire(timeout=PATIENCE_SECONDS):
            raise OperationalError("the server did not answer a moment ago")
        if self._is_on and not self._has_just_failed():
            return True
        self._trying.release()
        if self._is_on:
            raise OperationalError("the server did not answer a moment ago")
        return False

    def _has_just_failed(self) -> bool:
        return time.monotonic() - self._failed_at < PAUSE_SECONDS


outage = Outage()
