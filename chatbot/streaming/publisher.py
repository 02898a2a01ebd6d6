"""Publishing a generation's events: numbered, encoded once, to the log and to whoever listens."""

import uuid

from django_eventstream import send_event

from chatbot.streaming.bell import bell
from chatbot.streaming.channels import channel_of
from chatbot.streaming.events import Event, encode_event


class Publisher:
    """Owns one generation's channel. Used from the event loop only; ``count`` is the number of the last event."""

    def __init__(self, generation_id: uuid.UUID) -> None:
        self.count = 0
        self._channel = channel_of(generation_id)

    def send(self, event: Event) -> None:
        """Publishes an event behind all before it. Every event is framed and written once per listener, so text should
        come in few."""
        send_event(self._channel, event.name, encode_event(event), json_encode=False)
        self.count += 1
        bell().ring(self._channel)
