"""Publishing a generation's events: the first text at once, then what comes within 50 ms together.

One event per token is dear (every event is framed and written once per listener); a person cannot tell 50 ms.
"""

import asyncio
import uuid

from django_eventstream import send_event

from chatbot.streaming.bell import bell
from chatbot.streaming.channels import channel_of
from chatbot.streaming.events import Event, Token, encode_event

COALESCE_SECONDS = 0.05


class Publisher:
    """Owns one generation's channel. Used from the event loop only; ``count`` is the number of the last event."""

    def __init__(self, generation_id: uuid.UUID, *, coalesce_seconds: float = COALESCE_SECONDS) -> None:
        self.count = 0
        self._channel = channel_of(generation_id)
        self._coalesce_seconds = coalesce_seconds
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = float("-inf")

    def text(self, fragment: str) -> None:
        """Shows a fragment: at once when nothing was sent for 50 ms, else with what comes until then."""
        self._waiting.append(fragment)
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        due = self._flushed_at + self._coalesce_seconds
        if loop.time() >= due:
            self.flush()
        else:
            self._timer = loop.call_at(due, self.flush)

    def send(self, event: Event) -> None:
        """Publishes an event behind all text so far."""
        self.flush()
        self._publish(event)

    def flush(self) -> None:
        """Sends the text that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            text = "".join(self._waiting)
            self._waiting.clear()
            self._publish(Token(text))
            self._flushed_at = asyncio.get_running_loop().time()

    def discard(self) -> None:
        """Gives up the text that waits, and the channel."""
        self._waiting.clear()
        self.flush()

    def _publish(self, event: Event) -> None:
        send_event(self._channel, event.name, encode_event(event), json_encode=False)
        self.count += 1
        bell().ring(self._channel)
