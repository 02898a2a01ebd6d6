"""A generation that another process runs, as this one follows it: its events go to the log and the listeners here."""

import asyncio
from collections.abc import Mapping
from typing import Any

from chatbot.answers.schema import Answer, Challenge, layout
from chatbot.cluster.claims import Claim
from chatbot.cluster.publication import read_stream_end
from chatbot.cluster.replication import FAREWELL, GIVEN_UP, Entry, Place
from chatbot.errors import GenerationFailed
from chatbot.events.log import event_log
from chatbot.events.publisher import Publisher, erase, wake_listeners
from chatbot.events.subscription import StreamEnd
from chatbot.events.types import TERMINAL, Close, Event, Failed, Known, Rewrite, Token, decode_event
from chatbot.models import Generation, Outcome


class RemoteGeneration:
    """``begun`` is set with its first event here, ``ended`` with its last one, or when none will come.

    ``conclusion`` is then its terminal event, if there was one; ``lost`` says that its process died or gave it up, so
    that whoever listened should ask again. ``stream_ends`` are those of single sessions. Used on the event loop only.
    """

    def __init__(self, claim: Claim) -> None:
        self.id = claim.generation_id
        self.process = claim.process
        self.listeners = 0
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.conclusion: Close | Failed | None = None
        self.lost = False
        self.was_read = False  # whether Redis was asked for it
        self.place: Place = (0, 0)
        now = asyncio.get_running_loop().time()
        self.heard_at = now  # when its last entry came
        self.left_at = now  # when nobody listened any more
        self.stream_ends: dict[str, StreamEnd] = {}
        self._last_words: StreamEnd | None = None
        self._publisher = Publisher(self.id)
        event_log.open(self.id)
        event_log.keep_stream_ends(self.id, self.stream_ends)

    def stream_end(self, session_id: str) -> StreamEnd | None:
        """How the stream of the session ends, when it does not end with the log."""
        return self.stream_ends.get(session_id) or self._last_words

    def may_tell_more(self, number: int) -> bool:
        """Whether who has seen event ``number`` may get more of it than what is in the log."""
        if not self.ended.is_set():
            return True
        return self._last_words is not None and number < self._last_words.last

    def take(self, entry: Entry) -> None:
        """What came next from the process that runs it."""
        self.place = entry.place
        self.heard_at = asyncio.get_running_loop().time()
        match entry.name:
            case _ if self.ended.is_set():
                pass
            case _ if entry.place[1] == 0:
                self._pass_on(entry)
            case name if name == FAREWELL:
                self.stream_ends[entry.session] = read_stream_end(entry.place[0], entry.data)
                wake_listeners(self.id)
            case name if name == GIVEN_UP:
                self.give_up(lost=True)  # its process stops: for whoever still listens it begins anew

    def _pass_on(self, entry: Entry) -> None:
        if entry.place[0] != self._publisher.count + 1:
            return  # one is missing between: what its row says in the end is all that can be had
        self._publisher.pass_on(entry.name, entry.data)
        self.begun.set()
        if entry.name in TERMINAL:
            self._end(_conclusion(decode_event(entry.name, entry.data)))

    def give_up(self, *, lost: bool) -> None:
        """Nothing more will come."""
        if not self.ended.is_set():
            self.lost = lost
            self._end(None)
            erase(self.id)

    def end_by_row(self, row: Generation) -> None:
        """Ends it as its row says, when its last events cannot be had. Everybody is shown the whole anew: who comes
        from the process that died may have seen more than this one did."""
        if self.ended.is_set():
            return
        terminal = terminal_event(row)
        whole: list[Event] = [Rewrite(0), Token(_text_of(terminal))] if isinstance(terminal, Close) else []
        words = [*whole, terminal]
        count = self._publisher.count
        self._last_words = StreamEnd(count, words, row.event_count or count + len(words))
        self._end(terminal)
        wake_listeners(self.id)

    def _end(self, conclusion: Close | Failed | None) -> None:
        self.conclusion = conclusion
        self.ended.set()
        self.begun.set()


def terminal_event(row: Generation) -> Close | Failed:
    """The event that ended a generation which is over, by its row."""
    if row.outcome == Outcome.FAILED or row.answer is None:
        failure = GenerationFailed()
        return Failed(failure.status, failure.message)
    payload = row.answer
    stopped = row.outcome == Outcome.STOPPED
    return _close(payload, stopped=stopped)


def _conclusion(event: Known) -> Close | Failed:
    if event.name != "close" or not isinstance(event.data, dict):
        return Failed(event.status, event.message)
    data = event.data
    return _close(data, stopped=bool(data.get("stopped")))


def _close(answer: Mapping[str, Any], *, stopped: bool) -> Close:
    lines = answer.get("help", {}).get("lines", ())
    return Close(answer["kind"], answer["recommend"], answer["challenges"], stopped=stopped, help_lines=lines)


def _text_of(close: Close) -> str:
    challenges = tuple(Challenge(**challenge) for challenge in close.challenges)
    return layout(Answer(close.recommend, challenges, close.kind))
