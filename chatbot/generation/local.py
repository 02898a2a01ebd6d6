"""A generation that runs in this process: job → provider → composer → events, with a row at its start and its end."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from challenges.text import storable
from chatbot.answers.composer import Completed, Composed, Composer, Retracted, Shown
from chatbot.answers.rules import HELP, Answer
from chatbot.db.errors import is_gone
from chatbot.errors import GenerationFailed, TooManyGenerations
from chatbot.events.eventstream import Publisher
from chatbot.events.log import StreamEnd, event_log
from chatbot.events.subscription import LoggedGeneration
from chatbot.events.types import Close, Event, Failed, Item, Notice, Rewrite, Start, Token
from chatbot.generation.answer_writer import AnswerWriter
from chatbot.generation.coalescer import LoopLag
from chatbot.generation.job import Job
from chatbot.generation.measurements import Measurements
from chatbot.generation.retry_queue import WriteRetryQueue
from chatbot.generation.rows import GenerationEnd, GenerationStart, Result, record_start, row_of
from chatbot.generation.title_words import TitleWords
from chatbot.models import Outcome
from chatbot.nlu.safety.help_lines import lines_in
from chatbot.providers.base import ProviderError
from chatbot.providers.concurrency import ModelSlots
from chatbot.sessions.ownership import Ownership
from chatbot.sessions.store import NewTurn

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resources:
    """Resources that all generations of an event loop share."""

    retry_queue: WriteRetryQueue
    slots: ModelSlots
    loop_lag: LoopLag
    measurements: Measurements


class LocalGeneration(LoggedGeneration):
    """Runs one job, from its row to its terminal event. The registry owns the task.

    When ``ended`` is set, ``conclusion`` is the terminal event. It is None if the generation was abandoned, or if the
    server is stopping. ``result`` is set at the same time. Without a ``session_id`` the generation belongs to no
    session. When ``started`` is done, ``first_ownership`` is the ownership of that session. ``unsubscribed`` is called
    when the last subscriber leaves.
    """

    def __init__(
        self,
        job: Job,
        publisher: Publisher,
        resources: Resources,
        *,
        session_id: str = "",
        unsubscribed: Callable[["LocalGeneration"], None] = lambda generation: None,
    ) -> None:
        super().__init__(publisher.generation_id)
        self.job = job
        self.sessions = {session_id} if session_id else set[str]()
        self.joining: Counter[str] = Counter()  # sessions that are joining, with their number of requests
        self.subscription_count = 0  # the number of subscriptions so far
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.stream_ends: dict[str, StreamEnd] = {}
        self.conclusion: Close | Failed | None = None
        self.result: Result | None = None
        self.first_ownership = Ownership()
        self.owners: dict[str, str] = {}  # the owner of each session
        self._publisher = publisher
        self._resources = resources
        self._unsubscribed = unsubscribed
        self._first_session = session_id
        words = TitleWords()
        self._composer = Composer(
            category=job.selection.category.key,
            labels=job.labels,
            names=job.names,
            given=job.given,
            kind=job.kind,
            split=words,
        )
        self._writer = AnswerWriter(
            providers=job.providers,
            request=job,
            composer=self._composer,
            sink=self,
            loop_lag=resources.loop_lag,
            generation_id=self.id,
            learn=words.learn,
        )
        self._holds_slot = False
        self._writing: asyncio.Task[None] | None = None
        self._early: list[Event] = []  # events from before the row was written
        self._why_ended: Outcome | None = None
        self._began = time.monotonic()
        self._first_token_ms: int | None = None

    @property
    def ending(self) -> bool:
        """Whether the generation was told to end early. No session can join it any more."""
        return self._why_ended is not None

    @property
    def given_up(self) -> bool:
        return self._why_ended in {Outcome.ABANDONED, Outcome.INTERRUPTED}

    @property
    def asked_by(self) -> set[str]:
        """The sessions for which it runs, including those that are joining, as far as this process knows."""
        return (self.sessions | set(self.joining)) - set(self.stream_ends)

    @contextmanager
    def expecting(self, session_id: str) -> Iterator[None]:
        """A context in which the session is joining. The generation then continues even if all other sessions leave."""
        self.joining[session_id] += 1
        try:
            yield
        finally:
            self.joining[session_id] -= 1
            self.joining = +self.joining

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        self.subscription_count += 1
        try:
            with super().subscribed():
                yield
        finally:
            if not self.subscriber_count and not self.ended.is_set():
                self._unsubscribed(self)

    def end(self, why: Outcome) -> None:
        """Ends the generation early: STOPPED, ABANDONED or INTERRUPTED. Does nothing if it has ended."""
        if self._why_ended is None:
            self._why_ended = why
            if self._writing is not None:
                self._writing.cancel()

    def leave(self, session_id: str) -> None:
        """Ends the generation for one of several sessions: only the streams of that session end."""
        self.sessions.discard(session_id)
        events = [event for event in self._stopped_here() if event is not None]
        stream_end = self.stream_ends[session_id] = StreamEnd(self._publisher.count, events)
        event_log.keep_stream_ends(self.id, self.stream_ends)
        self._publisher.end_for(session_id, stream_end)

    async def release(self, keys: Sequence[object]) -> None:
        """Releases the keys, so that requests at other processes no longer join by them."""
        if keys:
            await self._publisher.release(keys)

    async def run(self) -> None:
        """Runs the generation to its end. Failures of providers or the database end it.

        Only an error of the start is raised, also by ``started``.
        """
        try:
            await self._take_slot()
            self._writing = asyncio.create_task(self._writer.write())  # the model starts while the row is written
            if self._why_ended is not None:  # told to end while it waited for a slot
                self._writing.cancel()
            self.first_ownership = await record_start(self._start())
            if self._first_session:
                self.owners[self._first_session] = self.first_ownership.owner
        except Exception as error:  # the requests that wait for the start get any error
            await self._fail(error)
            raise
        self.started.set_result(None)
        early: list[Event] = [self._start_event(), *self.job.notices, *self._early]
        self._early.clear()
        for event in early:
            self._send(event)
        await asyncio.wait({self._writing})
        self._release_slot()
        try:
            await self._conclude(self._writing)
        finally:
            self.ended.set()

    async def _fail(self, error: Exception) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        self._release_slot()
        await self._publisher.withdraw()
        if is_gone(error):  # the row may have been written: then it must not stay marked as running
            void = self._result(Outcome.INTERRUPTED, "The database did not answer when it began.")
            self._resources.retry_queue.keep_if_there_is_room(GenerationEnd(self.id, void, self.job.purpose, 0))
        self.started.set_exception(error)
        self.started.exception()  # otherwise asyncio warns if no request waits for it
        self.ended.set()

    def _start(self) -> GenerationStart:
        turn = NewTurn(self._first_session, self.id, self.job.note, self.job.access) if self._first_session else None
        return GenerationStart(row_of(self.id, self.job), turn)

    async def _take_slot(self) -> None:
        """Takes a slot for a call of a hosted model. Raises TooManyGenerations if none becomes free in time."""
        if any(provider.hosted for provider in self.job.providers):
            if not await self._resources.slots.acquire():
                raise TooManyGenerations
            self._holds_slot = True

    def _release_slot(self) -> None:
        if self._holds_slot:
            self._holds_slot = False
            self._resources.slots.release()

    def _send(self, event: Event) -> None:
        if not self.started.done():
            self._early.append(event)
            return
        self._publisher.send(event)

    def show(self, composed: Composed) -> None:
        match composed:
            case Completed(index, challenge):
                self._send(Item(index, asdict(challenge)))
            case Retracted(length):
                self._send(Rewrite(length))
            case Shown(text):
                if self._first_token_ms is None:
                    self._first_token_ms = self._elapsed_ms()
                self._send(Token(text))

    def notice(self, provider: str, challenges: list[int]) -> None:
        which = {"challenges": challenges} if challenges else {}
        self._send(Notice("fallback", {"source": provider, **which}))

    async def _conclude(self, writing: asyncio.Task[None]) -> None:
        error: BaseException | None
        try:
            error = writing.exception()
        except asyncio.CancelledError:  # caught, so that its traceback does not keep the task in memory
            error = None
        reason = ""
        if writing.cancelled():
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
        await self._resources.retry_queue.write(GenerationEnd(self.id, self.result, self.job.purpose, count))
        await self._publisher.release()
        if self.conclusion is not None:
            self._send(self.conclusion)
        else:
            self._publisher.give_up()
        logger.info("generation %s %s in %d ms", self.id, outcome, self._elapsed_ms())

    def _stopped_here(self) -> tuple[Rewrite | None, Close]:
        """The events that end the stream now, with the complete parts of the answer."""
        retraction = self._composer.retraction
        rewrite = Rewrite(retraction.length) if retraction else None
        return rewrite, _close(self._composer.answer, stopped=True)

    def _start_event(self) -> Start:
        category = self.job.selection.category
        return Start(str(self.id), category.key, category.label, self.job.prompt.name, self.job.providers[0].name)

    def _result(self, outcome: Outcome, error: str) -> Result:
        record, report = self._writer.record, self.job.report
        return Result(
            outcome=outcome,
            answer=self.conclusion.payload() if isinstance(self.conclusion, Close) else None,
            error=error,
            source=record.wrote or self.job.providers[0].name,
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
