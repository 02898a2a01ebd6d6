"""Publishing a generation's events: numbered, encoded once, to the log and to whoever listens."""

import uuid

from django_eventstream.utils import get_storage
from django_eventstream.views import get_listener_manager

from chatbot.events.cursor import channel_of
from chatbot.events.log import event_log
from chatbot.events.notifier import notifier
from chatbot.events.types import Event, encode_event


class Publisher:
    """Owns one generation's channel. Used from the event loop only; ``count`` is the number of the last event."""

    def __init__(self, generation_id: uuid.UUID) -> None:
        self.count = 0
        self._channel = channel_of(generation_id)

    def send(self, event: Event) -> None:
        """Publishes an event behind all before it. Every event is framed and written once per listener, so text should
        come in few."""
        self.pass_on(event.name, encode_event(event))

    def pass_on(self, name: str, data: str) -> None:
        """Publishes an event that was encoded before, such as another process's."""
        # As django-eventstream's ``send_event``, but for its messages to GRIP proxies, which nobody here would get and
        # which cost more than all else.
        stored = get_storage().append_event(self._channel, name, data)
        get_listener_manager().add_to_queues(self._channel, stored)
        self.count += 1
        notifier().ring(self._channel)


def erase(generation_id: uuid.UUID) -> None:
    """Forgets the generation's events; who listens to them is not left waiting."""
    event_log.forget(generation_id)
    wake_listeners(generation_id)


def wake_listeners(generation_id: uuid.UUID) -> None:
    """Has everybody who listens to the generation look: something happened that is no event."""
    channel = channel_of(generation_id)
    get_listener_manager().add_to_queues(channel, None)
    notifier().ring(channel)
