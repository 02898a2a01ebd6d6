"""One generation while it runs: prompt → source → composer → events, with a row when it starts and when it ends."""

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from challenges.text import storable
from chatbot.answers.composer import Completed, Composed, Composer, Retracted, Shown
from chatbot.answers.schema import HELP, Answer
from chatbot.cluster.claims import Claim
from chatbot.cluster.publication import ClusterPublication
from chatbot.db.errors import is_gone
from chatbot.errors import GenerationFailed, TooManyGenerations
from chatbot.events.log import event_log
from chatbot.events.publisher import Publisher, erase, wake_listeners
from chatbot.events.subscription import StreamEnd
from chatbot.events.types import Close, Event, Failed, Item, Notice, Rewrite, Start, Token
from chatbot.generation.job import Job
from chatbot.generation.records import GenerationEnd, GenerationStart, Result, record_start, row_of
from chatbot.generation.retry_queue import retry_queue
from chatbot.generation.title_words import TitleWords
from chatbot.generation.writer import Writer
from chatbot.models import Outcome
from chatbot.nlu.safety.help_lines import lines_in
from chatbot.providers import concurrency
from chatbot.providers.base import ProviderError
from chatbot.sessions.ownership import Entry, Ownership
from chatbot.sessions.store import NewTurn

logger = logging.getLogger(__name__)


class LocalGeneration:
    """Owns a generation from its row to its terminal event. Its registry owns the task that runs it.

    ``conclusion`` is the terminal event once ``ended`` is set; None when it ended without one, because nobody
    listened or the server stops. ``result`` is set with it. Without a ``session_id`` it belongs to no conversation;
    ``entered`` says whose session that is, once ``started`` is done. When another process of the cluster
    already answers one of ``questions``, nothing is run: then ``elsewhere`` says who does.
    """

    def __init__(
        self,
        commission: Job,
        *,
        session_id: str | None = None,
        entry: Entry | None = None,
        questions: Sequence[object] = (),
    ) -> None:
        self.id = uuid.uuid4()
        self.commission = commission
        self.sessions = set() if session_id is None else {session_id}
        self.joining: Counter[str] = Counter()  # sessions that wait to be among them, each as often as it asked
        self.listeners = 0
        self.attached = 0  # how often somebody began to listen
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.stream_ends: dict[str, StreamEnd] = {}
        self.conclusion: Close | Failed | None = None
        self.result: Result | None = None
        self.claimed_by: Claim | None = None
        self.entered = Ownership()
        self.owners: dict[str, str] = {}  # of its sessions
        self._sharing = ClusterPublication(self.id, questions)
        self._first_session = session_id
        self._entry = entry or Entry()
        self._publisher = Publisher(self.id)
        words = TitleWords()
        self._composer = Composer(
            category=commission.request.selection.category.key,
            labels=commission.labels,
            given=commission.request.given,
            kind=commission.request.kind,
            split=words,
        )
        self._writing = Writer(
            sources=commission.sources,
            request=commission.request,
            composer=self._composer,
            learn=words.learn,
            show=self._show,
            notice=self._tell_of,
            listeners=lambda: self.listeners,
        )
        self._holds_slot = False
        self._reading: asyncio.Task[None] | None = None
        self._early: list[Event] = []  # what was written before the row was there
        self._why_ended: Outcome | None = None
        self._began = time.monotonic()
        self._first_token_ms: int | None = None

    @property
    def ending(self) -> bool:
        """Whether it was told to end before its time: nobody new can be answered by it."""
        return self._why_ended is not None

    @property
    def asked_by(self) -> set[str]:
        """The sessions that it goes on for, also those that are about to join, as far as this process knows."""
        return (self.sessions | set(self.joining)) - set(self.stream_ends)

    @contextmanager
    def expecting(self, session_id: str) -> Iterator[None]:
        """Within it the session is about to join: whoever else leaves, the generation goes on."""
        self.joining[session_id] += 1
        try:
            yield
        finally:
            self.joining[session_id] -= 1
            self.joining = +self.joining

    @property
    def given_up(self) -> bool:
        """Whether it ends without a terminal event."""
        return self._why_ended in {Outcome.ABANDONED, Outcome.INTERRUPTED}

    def end(self, why: Outcome) -> None:
        """Ends the generation before its time: STOPPED, ABANDONED or INTERRUPTED. Does nothing when it is over."""
        if self._why_ended is None:
            self._why_ended = why
            if self._reading is not None:
                self._reading.cancel()

    def leave(self, session_id: str) -> None:
        """Ends the generation for one of several sessions: its streams close here, the others' go on."""
        self.sessions.discard(session_id)
        events = [event for event in self._stopped_here() if event is not None]
        stream_end = self.stream_ends[session_id] = StreamEnd(self._publisher.count, events)
        event_log.keep_stream_ends(self.id, self.stream_ends)
        self._sharing.stream_end(session_id, stream_end)
        wake_listeners(self.id)

    async def release(self, questions: Sequence[object]) -> None:
        """Who asks one of the questions elsewhere is no longer answered by this generation."""
        if questions:
            await self._sharing.release(questions)

    def stream_end(self, session_id: str) -> StreamEnd | None:
        """How the stream of the session ends before the generation does, if it does."""
        return self.stream_ends.get(session_id)

    async def run(self) -> None:
        """Runs to the end. Failures of the source or the database end it; only a failing start is raised, by
        ``started``."""
        try:
            self.claimed_by = await self._sharing.claim()
            if self.claimed_by is not None:
                self.started.set_result(None)
                self.ended.set()
                return
            await self._take_slot()
            self._reading = asyncio.create_task(self._writing.write())  # a model thinks while the row is written
            if self._why_ended is not None:  # asked to end while it waited for its turn
                self._reading.cancel()
            self.entered = await record_start(self._beginning())
            if self._first_session is not None:
                self.owners[self._first_session] = self.entered.owner
        except Exception as error:  # whoever waits for the start gets it, whatever it is
            if self._reading is not None:
                self._reading.cancel()
                await asyncio.gather(self._reading, return_exceptions=True)
            self._release_slot()
            await self._sharing.release()
            self._sharing.give_up(0)  # who joined elsewhere need not wait
            if is_gone(error):  # nobody knows whether the row was written: if so, it must not look as if it ran
                void = self._result(Outcome.INTERRUPTED, "The database did not answer when it began.")
                retry_queue().keep_if_there_is_room(GenerationEnd(self.id, void, self.commission.purpose, 0))
            self.started.set_exception(error)
            self.started.exception()  # whoever waits gets it; nobody waiting is no reason for a warning
            self.ended.set()
            raise
        self.started.set_result(None)
        early: list[Event] = [self._start_event(), *self.commission.notices, *self._early]
        self._early.clear()
        for event in early:
            self._send(event)
        await asyncio.wait({self._reading})
        self._release_slot()
        try:
            await self._conclude(self._reading)
        finally:
            self.ended.set()

    def _beginning(self) -> GenerationStart:
        key = self._first_session
        turn = None if key is None else NewTurn(key, self.id, self.commission.note, self._entry)
        return GenerationStart(row_of(self.id, self.commission), turn)

    async def _take_slot(self) -> None:
        """A hosted model is called by so many at once; who waits too long for a turn is asked to come back."""
        if any(source.hosted for source in self.commission.sources):
            if not await concurrency.acquire():
                raise TooManyGenerations
            self._holds_slot = True

    def _release_slot(self) -> None:
        if self._holds_slot:
            self._holds_slot = False
            concurrency.release()

    def _send(self, event: Event) -> None:
        if not self.started.done():
            self._early.append(event)
            return
        self._publisher.send(event)
        self._sharing.event(event.name)

    def _show(self, composed: Composed) -> None:
        match composed:
            case Completed(index, challenge):
                self._send(Item(index, asdict(challenge)))
            case Retracted(length):
                self._send(Rewrite(length))
            case Shown(text):
                if self._first_token_ms is None:
                    self._first_token_ms = self._elapsed_ms()
                self._send(Token(text))

    def _tell_of(self, source: str, challenges: list[int]) -> None:
        """Another source goes on: a person may want to know whose words these are."""
        which = {"challenges": challenges} if challenges else {}
        self._send(Notice("fallback", {"source": source, **which}))

    async def _conclude(self, reading: asyncio.Task[None]) -> None:
        error = None if reading.cancelled() else reading.exception()
        reason = ""
        if reading.cancelled():
            outcome = self._why_ended or Outcome.INTERRUPTED
        elif error is not None:
            outcome = Outcome.FAILED
            reason = str(error) if isinstance(error, ProviderError) else type(error).__name__
            logger.error("generation %s failed: %s", self.id, reason, exc_info=None if reason == str(error) else error)
        else:
            outcome = Outcome.COMPLETED

        if outcome is Outcome.COMPLETED:
            self.conclusion = _close(self._composer.answer)
        elif outcome is Outcome.STOPPED:
            rewrite, self.conclusion = self._stopped_here()
            if rewrite is not None:
                self._send(rewrite)
        elif outcome is Outcome.FAILED:
            failure = GenerationFailed()
            self.conclusion = Failed(failure.status, failure.message)

        self.result = self._result(outcome, reason)
        count = self._publisher.count + (0 if self.conclusion is None else 1)
        await retry_queue().write(GenerationEnd(self.id, self.result, self.commission.purpose, count))
        await self._sharing.release()
        if self.conclusion is not None:
            self._send(self.conclusion)
        else:
            erase(self.id)
            self._sharing.give_up(self._publisher.count)
        logger.info("generation %s %s in %d ms", self.id, outcome, self._elapsed_ms())

    def _stopped_here(self) -> tuple[Rewrite | None, Close]:
        """The events that end the stream now, with what is complete."""
        retraction = self._composer.retraction
        rewrite = Rewrite(retraction.length) if retraction else None
        return rewrite, _close(self._composer.answer, stopped=True)

    def _start_event(self) -> Start:
        commission = self.commission
        category = commission.request.selection.category
        return Start(str(self.id), category.key, category.label, commission.prompt.name, commission.sources[0].name)

    def _result(self, outcome: Outcome, error: str) -> Result:
        record, report = self._writing.record, self.commission.request.report
        return Result(
            outcome=outcome,
            answer=self.conclusion.payload() if isinstance(self.conclusion, Close) else None,
            error=error,
            source=record.wrote or self.commission.sources[0].name,
            tried=record.tried,
            enforcement=record.enforcement,
            mends=dict(self._composer.mends),
            tokens_in=report.tokens_in,
            tokens_out=report.tokens_out,
            raw=storable("\n\n".join(record.raw)),
            first_token_ms=self._first_token_ms,
            duration_ms=self._elapsed_ms(),
        )

    def _elapsed_ms(self) -> int:
        return round((time.monotonic() - self._began) * 1000)


def _close(answer: Answer, *, stopped: bool = False) -> Close:
    challenges = [asdict(challenge) for challenge in answer.challenges]
    lines = lines_in(answer.recommend) if answer.kind == HELP else ()
    return Close(answer.kind, answer.recommend, challenges, stopped=stopped, help_lines=lines)
