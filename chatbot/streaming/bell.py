"""The bell: "there is more" for those who read a generation's events straight from the log.

It goes through the channel layer and says nothing else. What there is more of is read from the log, so a message that
comes late, twice or never (layers drop what is beyond their capacity) loses no event.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, get_channel_layer

logger = logging.getLogger(__name__)

GROUP = "leafresh-more"
"""One group for all generations: a process is told once, however many of its clients listen to however many."""

LOOK_SECONDS = 5.0
"""Who listens is woken this often even without the bell, in case that it was not heard."""

RETRY_SECONDS = 1.0
"""After a failure of the channel layer."""


class Bell:
    """The bell of one event loop. Everything here runs on that loop."""

    def __init__(self, layer: BaseChannelLayer, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._layer = layer
        self._look_seconds = look_seconds
        self._reaches_others = not isinstance(layer, InMemoryChannelLayer)
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._ear: asyncio.Task[None] | None = None
        self._due: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def ring(self, channel: str) -> None:
        """There is more in the channel. Costs a look-up when nobody can hear it."""
        if channel not in self._listeners and not self._reaches_others:
            return
        if not self._due:  # what rings in one turn of the loop is said in one message
            asyncio.get_running_loop().call_soon(self._send)
        self._due.add(channel)

    @contextlib.contextmanager
    def listening(self, channel: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be more in the channel; whoever waits for it clears it first."""
        more = asyncio.Event()
        self._listeners.setdefault(channel, set()).add(more)
        if self._ear is None:
            self._ear = asyncio.create_task(self._hear())
        try:
            yield more
        finally:
            self._listeners[channel].discard(more)
            if not self._listeners[channel]:
                del self._listeners[channel]
            if not self._listeners and self._ear is not None:
                self._ear.cancel()
                self._ear = None

    def _send(self) -> None:
        channels, self._due = sorted(self._due), set()
        task = asyncio.create_task(self._say(channels))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _say(self, channels: list[str]) -> None:
        try:
            await self._layer.group_send(GROUP, {"type": "more", "channels": channels})
        except Exception as error:  # whatever a layer raises: listeners look for themselves meanwhile
            logger.warning("the channel layer does not take messages: %s", type(error).__name__)

    async def _hear(self) -> None:
        """Listens to the layer until cancelled, whatever happens to it."""
        while True:
            try:
                name = await self._layer.new_channel()
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._belong(name))
                    tasks.create_task(self._receive(name))
            except* Exception as group:
                logger.warning("the channel layer is not heard: %s", type(group.exceptions[0]).__name__)
            await asyncio.sleep(RETRY_SECONDS)
            self._wake(list(self._listeners))

    async def _belong(self, name: str) -> None:
        """Renews the membership of the group, which layers let expire, and has everybody look."""
        try:
            while True:
                await self._layer.group_add(GROUP, name)
                self._wake(list(self._listeners))
                await asyncio.sleep(self._look_seconds)
        finally:
            await self._layer.group_discard(GROUP, name)

    async def _receive(self, name: str) -> None:
        while True:
            message = await self._layer.receive(name)
            self._wake(message["channels"])

    def _wake(self, channels: Iterable[str]) -> None:
        for channel in channels:
            for more in self._listeners.get(channel, ()):
                more.set()


_bells: WeakKeyDictionary[asyncio.AbstractEventLoop, Bell] = WeakKeyDictionary()


def bell() -> Bell:
    """The bell of the running event loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    if loop not in _bells:
        layer = get_channel_layer()
        assert layer is not None, "CHANNEL_LAYERS names no default layer"
        _bells[loop] = Bell(layer)
    return _bells[loop]
