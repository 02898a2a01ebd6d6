"""The notifier: "there is more" for those who read a generation's events straight from the log."""

import asyncio
import contextlib
from collections.abc import Iterator
from weakref import WeakKeyDictionary


class Notifier:
    """The notifier of one event loop. Everything here runs on that loop."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def ring(self, channel: str) -> None:
        """There is more in the channel. Costs a look-up when nobody can hear it."""
        for more in self._listeners.get(channel, ()):
            more.set()

    @contextlib.contextmanager
    def listening(self, channel: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be more in the channel; whoever waits for it clears it first."""
        more = asyncio.Event()
        self._listeners.setdefault(channel, set()).add(more)
        try:
            yield more
        finally:
            self._listeners[channel].discard(more)
            if not self._listeners[channel]:
                del self._listeners[channel]


_notifiers: WeakKeyDictionary[asyncio.AbstractEventLoop, Notifier] = WeakKeyDictionary()


def notifier() -> Notifier:
    """The notifier of the running event loop, made when it is first asked for."""
    return _notifiers.setdefault(asyncio.get_running_loop(), Notifier())
