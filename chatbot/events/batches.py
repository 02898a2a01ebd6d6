"""A generation's events straight from the log, for a client that listens: those that are there, then live."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Protocol

from chatbot.events.cursor import channel_of
from chatbot.events.log import event_log
from chatbot.events.notifier import notifier
from chatbot.events.subscription import Numbered, Passage, Subscription

BATCH = 100
"""Events that are read from the log at once."""


class Waker(Protocol):
    """What wakes who waits for more: an ``asyncio.Event``, or what is used like one. To be cleared before one looks."""

    def clear(self) -> None: ...
    async def wait(self) -> Any: ...


async def batches(listening: Subscription, more: Waker) -> AsyncGenerator[list[Numbered], None]:
    """The events that the listener is to get, each once and in order: a list for each look into the log, hence at once
    and whenever ``more`` wakes it; an empty one when there was nothing.

    Ends behind the terminal event; without one when the generation was given up or its log erased.
    """
    channel = channel_of(listening.generation_id)
    passage = Passage(listening)
    worth_waiting = listening.opened()
    try:
        while worth_waiting and not passage.ended:
            more.clear()
            try:
                events = event_log.after(channel, passage.last, BATCH)
            except KeyError:  # erased: nothing will come any more
                return
            passed = [own for it in events for own in passage.let(it)]
            if len(events) < BATCH:
                passed += passage.leave()
            yield passed
            if not events and event_log.is_over(channel, passage.last):
                return  # the client's cursor is beyond the end
            if len(events) < BATCH and not passage.ended:
                await more.wait()
    finally:
        listening.closed()


async def follow(listening: Subscription) -> AsyncGenerator[Numbered, None]:
    """The same events one by one, for clients that are no SSE streams: the notifier wakes them."""
    with notifier().listening(channel_of(listening.generation_id)) as more:
        async with aclosing(batches(listening, more)) as looks:
            async for look in looks:
                for event in look:
                    yield event
