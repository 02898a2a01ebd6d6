"""A generation that another process runs. Its events are copied into the log of this process, for the subscribers
here."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chatbot.answers.rules import Answer, Challenge, layout
from chatbot.cluster.claims import Claim
from chatbot.cluster.publication import read_stream_end
from chatbot.cluster.replication import BEGINNING, GIVEN_UP, STREAM_END, EventLogEntry, Position
from chatbot.errors import GenerationFailed
from chatbot.events.eventstream import Publisher, erase, notify
from chatbot.events.log import StreamEnd, event_log
from chatbot.events.subscription import LoggedGeneration
from chatbot.events.types import TERMINAL, Close, DecodedEvent, Event, Failed, Rewrite, Token, decode_event
from chatbot.models import Generation, Outcome


class RemoteGeneration(LoggedGeneration):
    """Follows a generation of another process. Used on the event loop only.

    ``begun`` is set when the first event arrives, ``ended`` when the last one arrives, or when no more will come. Then
    ``conclusion`` is the terminal event, if there was one. ``lost``: the other process died or gave the generation up,
    so its subscribers need another generation.
    """

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim.generation_id)
        self.process = claim.process
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.conclusion: Close | Failed | None = None
        self.lost = False
        self.announced = False  # whether its process knows that it has subscribers here
        self.was_read = False  # whether its log in Redis was read
        self.position: Position = BEGINNING
        now = asyncio.get_running_loop().time()
        self.last_entry_at = now
        self.last_subscriber_left_at = now
        self.stream_ends: dict[str, StreamEnd] = {}
        self._end_of_all: StreamEnd | None = None
        self._publisher = Publisher(self.id)
        event_log.open(self.id)
        event_log.keep_stream_ends(self.id, self.stream_ends)

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        if self.subscriber_count == 0:
            self.announced = False
        try:
            with super().subscribed():
                yield
        finally:
            self.last_subscriber_left_at = asyncio.get_running_loop().time()

    def stream_end(self, session_id: str) -> StreamEnd | None:
        return self.stream_ends.get(session_id) or self._end_of_all

    def may_tell_more(self, number: int) -> bool:
        """Whether more events may come after event ``number`` than the log has now."""
        if not self.ended.is_set():
            return True
        return self._end_of_all is not None and number < self._end_of_all.last

    def take(self, entry: EventLogEntry) -> None:
        """Takes the next entry from the process that runs it."""
        self.position = entry.position
        self.last_entry_at = asyncio.get_running_loop().time()
        match entry.name:
            case _ if self.ended.is_set():
                pass
            case _ if entry.position[1] == 0:
                self._pass_on(entry)
            case name if name == STREAM_END:
                self.stream_ends[entry.session] = read_stream_end(entry.position[0], entry.data)
                notify(self.id)
            case name if name == GIVEN_UP:
                self.give_up(lost=True)  # its process stops: the remaining subscribers start another generation

    def _pass_on(self, entry: EventLogEntry) -> None:
        if entry.position[0] != self._publisher.count + 1:
            return  # an entry is missing: the answer will be read from the row
        self._publisher.pass_on(entry.name, entry.data)
        self.begun.set()
        if entry.name in TERMINAL:
            self._end(_conclusion(decode_event(entry.name, entry.data)))

    def give_up(self, *, lost: bool) -> None:
        """Ends following: no more events will come. ``lost``: the subscribers need another generation."""
        if not self.ended.is_set():
            self.lost = lost
            self._end(None)
            erase(self.id)

    def end_by_row(self, row: Generation) -> None:
        """Ends the generation with the outcome in its row, when its last events are not available.

        Every client gets the whole answer again: a client of the dead process may have seen more events than were
        copied.
        """
        if self.ended.is_set():
            return
        terminal = terminal_event(row)
        whole: list[Event] = [Rewrite(0), Token(_text_of(terminal))] if isinstance(terminal, Close) else []
        events = [*whole, terminal]
        count = self._publisher.count
        self._end_of_all = StreamEnd(count, events, row.event_count or count + len(events))
        self._end(terminal)
        notify(self.id)

    def _end(self, conclusion: Close | Failed | None) -> None:
        self.conclusion = conclusion
        self.ended.set()
        self.begun.set()


def terminal_event(row: Generation) -> Close | Failed:
    """The terminal event of an ended generation, computed from its row."""
    if row.outcome == Outcome.FAILED or row.answer is None:
        failure = GenerationFailed()
        return Failed(failure.status, failure.message)
    return _close(row.answer, stopped=row.outcome == Outcome.STOPPED)


def _conclusion(event: DecodedEvent) -> Close | Failed:
    if event.name != "close" or not isinstance(event.data, dict):
        return Failed(event.status, event.message)
    return _close(event.data, stopped=bool(event.data.get("stopped")))


def _close(answer: Mapping[str, Any], *, stopped: bool) -> Close:
    lines = answer.get("help", {}).get("lines", ())
    return Close(answer["kind"], answer["recommend"], answer["challenges"], stopped=stopped, help_lines=lines)


def _text_of(close: Close) -> str:
    challenges = tuple(Challenge(**challenge) for challenge in close.challenges)
    return layout(Answer(close.recommend, challenges, close.kind))
