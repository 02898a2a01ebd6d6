"""A generation's events straight from the log, for clients that are no SSE streams."""

from collections.abc import AsyncGenerator

from chatbot.streaming.bell import bell
from chatbot.streaming.channels import channel_of
from chatbot.streaming.event_log import event_log
from chatbot.streaming.listening import Listening, Numbered, Passage

BATCH = 100
"""Events that are read from the log at once."""


async def follow(listening: Listening) -> AsyncGenerator[Numbered, None]:
    """The events that the listener is to get, each once and in order, from the log and then live.

    Ends behind the terminal event; without one when the generation was given up or its log erased.
    """
    channel = channel_of(listening.generation_id)
    passage = Passage(listening)
    worth_waiting = listening.opened()
    try:
        if not worth_waiting:
            return
        with bell().listening(channel) as more:
            while not passage.ended:
                more.clear()
                try:
                    events = event_log.after(channel, passage.last, BATCH)
                except KeyError:  # erased: nothing will come any more
                    return
                for event in events:
                    for own in passage.let(Numbered(event.type, event.id, event.data)):
                        yield own
                if not events:
                    for own in passage.leave():
                        yield own
                    if not passage.ended:
                        await more.wait()
    finally:
        listening.closed()
