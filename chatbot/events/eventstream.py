"""The adapter to django-eventstream: storage, channels and listeners. No other module imports the library.

Its listener manager wakes the subscribers of both transports when a channel has new events. Its function ``stream`` is
not used: see ``docs/decisions/0009-use-django-eventstream-without-its-loop.md``.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.http import HttpRequest
from django_eventstream.channelmanager import ChannelManagerBase
from django_eventstream.event import Event as StoredEvent
from django_eventstream.storage import EventDoesNotExist, StorageBase
from django_eventstream.utils import get_storage
from django_eventstream.views import Listener, get_listener_manager

from chatbot.events import log
from chatbot.events.log import Numbered, channel_of
from chatbot.events.types import Event, encode_event

WAKE_SECONDS = 5.0
"""How often a subscriber wakes up when nothing happens. An SSE stream then sends a ``keep-alive``."""


class GenerationChannelManager(ChannelManagerBase):  # type: ignore[misc]  # django_eventstream ships no types
    """``EVENTSTREAM_CHANNELMANAGER_CLASS``: only the view chooses channels, never the parameters of a request."""

    def get_channels_for_request(self, request: HttpRequest, view_kwargs: Mapping[str, list[str]]) -> set[str]:
        return set(view_kwargs["channels"])

    def can_read_channel(self, user: object, channel: str) -> bool:
        return True

    def is_channel_reliable(self, channel: str) -> bool:
        return True


class EventLogStorage(StorageBase):  # type: ignore[misc]  # django_eventstream ships no types
    """``EVENTSTREAM_STORAGE_CLASS``: lets the library append to the event log and read it."""

    def append_event(self, channel: str, event_type: str, data: str) -> StoredEvent:
        return _stored(channel, log.event_log.append(channel, event_type, data))

    def get_events(self, channel: str, last_id: int, limit: int = 100) -> list[StoredEvent]:
        try:
            return [_stored(channel, event) for event in log.event_log.after(channel, last_id, limit)]
        except KeyError:
            raise EventDoesNotExist(f"{channel} is not in the log", last_id) from None

    def get_current_id(self, channel: str) -> int:
        try:
            return len(log.event_log.after(channel, 0, 1_000_000))
        except KeyError:
            return 0


def _stored(channel: str, event: Numbered) -> StoredEvent:
    return StoredEvent(channel, event.name, event.data, id=event.number)


class Publisher:
    """Publishes the events of one generation to the subscribers of this process. Used on the event loop only.

    ``count`` is the number of the last event. Methods for other processes do nothing here: see ``ClusterPublisher``.
    """

    def __init__(self, generation_id: uuid.UUID) -> None:
        self.generation_id = generation_id
        self.count = 0
        self._channel = channel_of(generation_id)

    def send(self, event: Event) -> None:
        """Numbers the event, encodes it once, and wakes the subscribers."""
        self.pass_on(event.name, encode_event(event))

    def pass_on(self, name: str, data: str) -> None:
        """Publishes an event that is already encoded, such as one from another process."""
        # As ``send_event`` of the library, but without its messages for GRIP proxies, which cost more than the rest.
        stored = get_storage().append_event(self._channel, name, data)
        get_listener_manager().add_to_queues(self._channel, stored)
        self.count += 1

    def end_for(self, session_id: str, stream_end: log.StreamEnd) -> None:
        """Ends the stream of one session, after the last event."""
        notify(self.generation_id)

    def give_up(self) -> None:
        """Ends the generation after the last event, without a terminal event."""
        erase(self.generation_id)

    async def release(self, keys: Sequence[object] | None = None) -> None:
        """Releases the given keys, or all: requests at other processes no longer join the generation by them."""

    async def withdraw(self) -> None:
        """Called when the generation does not start."""


def notify(generation_id: uuid.UUID) -> None:
    """Wakes the generation's subscribers after a change that is not an event, such as the end of one stream."""
    get_listener_manager().add_to_queues(channel_of(generation_id), None)


def erase(generation_id: uuid.UUID) -> None:
    """Drops the generation's log, and wakes its subscribers so that their streams end."""
    log.event_log.forget(generation_id)
    notify(generation_id)


class Waker(Listener):  # type: ignore[misc]  # django_eventstream ships no types
    """A subscriber as a listener of the library. It reads events from the log, so it drops those that are queued."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self.assign_loop()
        self.channels = {channel}
        self._timer = self.loop.call_later(WAKE_SECONDS, self._wake)

    def wake_threadsafe(self) -> None:
        self.aevent.set()  # a generation publishes on the event loop of its subscribers, so this is the right thread

    def clear(self) -> None:
        """Resets the waker. Call it before reading the log."""
        self.aevent.clear()
        self.channel_items: dict[str, list[object]] = {}

    async def wait(self) -> None:
        """Waits until the channel may have new events. After KEEP_ALIVE_SECONDS it returns without a reason."""
        await self.aevent.wait()

    def close(self) -> None:
        self._timer.cancel()

    def _wake(self) -> None:
        self.aevent.set()
        self._timer = self.loop.call_later(WAKE_SECONDS, self._wake)


@contextmanager
def woken(generation_id: uuid.UUID) -> Iterator[Waker]:
    """Registers a subscriber of the generation with the library, as a context manager."""
    waker = Waker(channel_of(generation_id))
    get_listener_manager().add_listener(waker)
    try:
        yield waker
    finally:
        get_listener_manager().remove_listener(waker)
        waker.close()
