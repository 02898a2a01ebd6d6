"""A generation that a test writes, and its one subscriber."""

import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any

from chatbot.events.eventstream import Publisher
from chatbot.events.log import Numbered, StreamEnd, event_id
from chatbot.events.subscription import LoggedGeneration, Subscription
from chatbot.events.types import Event, encode_event, frame


class Written(LoggedGeneration):
    """``options`` are those of ``subscribe``."""

    given_up = False

    def __init__(self, *events: Event, **options: Any) -> None:
        super().__init__(uuid.uuid4())
        self.stream_ends: dict[str, StreamEnd] = {}
        self.subscription_count = 0
        self._options = options
        self._publisher = Publisher(self.id)
        self.write(*events)

    def write(self, *events: Event) -> None:
        for event in events:
            self._publisher.send(event)

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        self.subscription_count += 1
        with super().subscribed():
            yield

    async def subscriptions(self) -> AsyncGenerator[Subscription, None]:
        """The argument of ``stream_response``."""
        with self.subscribe("user1", **self._options) as subscription:
            yield subscription

    async def received(self) -> AsyncGenerator[Numbered, None]:
        """The events for the subscriber, one by one."""
        with self.subscribe("user1", **self._options) as subscription:
            async for events in subscription:
                for event in events:
                    yield event

    def framed(self, *events: Event, first: int = 1) -> bytes:
        """The events as they are sent."""
        numbered = enumerate(events, start=first)
        return "".join(frame(it.name, encode_event(it), event_id=event_id(self.id, n)) for n, it in numbered).encode()
