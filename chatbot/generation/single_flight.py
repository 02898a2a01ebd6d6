"""Single flight: simultaneous equal requests share one generation, also across processes.

A request looks for a generation in this process, then for a claim of another process. If there is neither, it starts a
generation. Only then the job is created.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from asgiref.sync import sync_to_async

from chatbot.cluster.claims import Claim
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.publication import ClusterPublisher
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.remote_generation import RemoteGeneration
from chatbot.cluster.remote_registry import RemoteRegistry
from chatbot.cluster.rpc import NoAnswer
from chatbot.errors import NotOwner, ServiceUnavailable
from chatbot.events.eventstream import Publisher
from chatbot.generation.job import Job, Key
from chatbot.generation.local import LocalGeneration
from chatbot.generation.registry import GenerationRegistry
from chatbot.generation.rows import GenerationGone, GenerationStart, record_start
from chatbot.models import Outcome
from chatbot.sessions import store
from chatbot.sessions.ownership import AccessCheck, Ownership, Proof
from chatbot.sessions.store import NewTurn

ATTEMPTS = 3
"""How often a request tries to join generations that turn out to have ended, before it starts one."""

ANNOUNCE_SECONDS = 1.0
"""How long a request waits until another process has confirmed that it joins."""

RunningGeneration = LocalGeneration | RemoteGeneration
MakeJob = Callable[[], Awaitable[Job]]


@dataclass(frozen=True, slots=True)
class Flight:
    """The generation that answers a request.

    ``access`` and ``ownership`` are the result of checking its client. They are None if the session had already joined
    the generation.
    """

    generation: RunningGeneration
    access: AccessCheck | None = None
    ownership: Ownership | None = None


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request: its session, its single-flight keys, and the function that creates its job."""

    session_id: str
    proof: Proof
    keys: Sequence[Key]
    make_job: MakeJob

    async def note_turn(self, generation: RunningGeneration) -> Flight:
        """Writes the turn of a session that joins the generation. Raises GenerationGone, NotOwner."""
        job = await self.make_job()
        row = await record_start(GenerationStart(None, NewTurn(self.session_id, generation.id, job.note, job.access)))
        return Flight(generation, job.access, row)


class _Start:
    """The start of a generation in progress. Its task is cancelled when no request waits for it any more."""

    def __init__(self, generation_id: uuid.UUID, task: "asyncio.Task[LocalGeneration | Claim]") -> None:
        self.generation_id = generation_id
        self.task = task
        self._waiting = 0

    async def finish(self) -> None:
        """Waits until the task is done. Its result and its error are ignored."""
        self._waiting += 1
        try:
            await asyncio.wait({self.task})
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.task.cancel()


class SingleFlight:
    """Joins or starts generations. Used on one event loop only. Without Redis, ``cluster`` and ``remote`` are None."""

    def __init__(self, registry: GenerationRegistry, cluster: Cluster | None, remote: RemoteRegistry | None) -> None:
        self._registry = registry
        self._cluster = cluster
        self._remote = remote
        self._starts: dict[Key, _Start] = {}

    async def join_or_start(self, session_id: str, proof: Proof, keys: Sequence[Key], make_job: MakeJob) -> Flight:
        """Joins the generation for one of ``keys``, or starts one. Raises ApplicationError.

        ``make_job`` is called when a generation has to be started, or the turn of the session has to be written.
        """
        asking = _Asking(session_id, proof, keys, make_job)
        shared = keys  # the keys that are looked up in other processes
        for attempt in range(ATTEMPTS + 1):
            found, is_mine = await self._find_or_start(asking, shared if attempt < ATTEMPTS else [])
            if isinstance(found, LocalGeneration):
                flight = await self._join_local(found, asking, is_mine=is_mine)
            else:
                flight = await self._join_remote(found, asking, shared)
                if flight is not None and session_id in flight.generation.stream_ends:
                    flight = None  # the session has left the generation, so it needs another one
                    shared = [key for key in shared if key[0] == "session"]
            if flight is not None:
                return flight
        raise ServiceUnavailable

    async def welcome(self, generation_id: uuid.UUID, session_id: str) -> bool:
        """Lets a session of another process join a generation of this process. False when it has ended."""
        for start in {*self._starts.values()}:
            if start.generation_id == generation_id:
                await start.finish()
        generation = self._registry.get(generation_id)
        if generation is None or generation.ending:
            return False
        if session_id not in generation.stream_ends:
            generation.sessions.add(session_id)
        return True

    async def _find_or_start(self, asking: _Asking, shared: Sequence[Key]) -> tuple[LocalGeneration | Claim, bool]:
        """The generation in this process, or the claim of another process; and whether this request started it."""
        while True:
            # There must be no await between the look-up and the start: otherwise two simultaneous requests both start.
            running = self._registry.find(asking.keys)
            if running is not None and asking.session_id not in running.stream_ends:
                return running, False
            starts = (self._starts[key] for key in asking.keys if key in self._starts)
            start = next((start for start in starts if not start.task.done()), None)
            is_mine = start is None
            start = start or self._begin(asking, shared)
            await start.finish()
            if is_mine:
                return start.task.result(), True
            if not start.task.cancelled() and start.task.exception() is None:
                claim = start.task.result()
                if isinstance(claim, Claim):
                    return claim, False

    def _begin(self, asking: _Asking, shared: Sequence[Key]) -> _Start:
        generation_id = uuid.uuid4()
        start = _Start(generation_id, asyncio.create_task(self._start(generation_id, asking, shared)))
        self._starts.update(dict.fromkeys(asking.keys, start))
        start.task.add_done_callback(lambda _: self._forget(start, asking.keys))
        return start

    def _forget(self, start: _Start, keys: Sequence[Key]) -> None:
        for key in keys:
            if self._starts.get(key) is start:
                del self._starts[key]

    async def _start(self, generation_id: uuid.UUID, asking: _Asking, shared: Sequence[Key]) -> LocalGeneration | Claim:
        self._registry.check_room()
        publisher = Publisher(generation_id)
        try:
            if self._cluster is not None:
                publisher = claiming = ClusterPublisher(self._cluster, generation_id, shared)
                if (claim := await claiming.claim()) is not None:
                    return claim
            job = await asking.make_job()
            return self._registry.start(job, session_id=asking.session_id, keys=asking.keys, publisher=publisher)
        except BaseException:  # also a cancellation, when no request waits any more
            await publisher.withdraw()
            raise

    async def _join_local(self, running: LocalGeneration, asking: _Asking, *, is_mine: bool) -> Flight | None:
        """Joins a generation of this process. None when it cannot answer the session after all."""
        session_id = asking.session_id
        with running.expecting(session_id):
            try:
                await asyncio.shield(running.started)
            except NotOwner:  # the client that started it is not the owner of its session
                if is_mine:
                    raise
                return None
            if is_mine:
                return Flight(running, running.job.access, running.first_ownership)
            if session_id in running.sessions:
                await sync_to_async(store.check_owner)(session_id, asking.proof)
                return Flight(running)
            running.sessions.add(session_id)
            self._registry.add_keys(running, asking.keys)
            try:
                flight = await asking.note_turn(running)
            except GenerationGone:  # the session that started it was erased with its row
                running.sessions.discard(session_id)
                running.end(Outcome.STOPPED)
                return None
            except Exception:
                running.sessions.discard(session_id)
                raise
            if flight.ownership is not None:
                running.owners[session_id] = flight.ownership.owner
            return flight

    async def _join_remote(self, claim: Claim, asking: _Asking, shared: Sequence[Key]) -> Flight | None:
        """Joins a generation of another process. None when it has ended; then its claim is released."""
        assert self._cluster is not None
        assert self._remote is not None
        announced = self._announce(self._cluster, claim, asking.session_id)
        generation, is_welcome = await asyncio.gather(self._remote.join(claim), announced)
        if generation is None or not is_welcome:
            with suppress(Unreachable):
                await self._cluster.claims.release(claim, shared)
            return None
        if asking.session_id in generation.stream_ends:
            return Flight(generation)
        try:
            return await asking.note_turn(generation)
        except GenerationGone:
            return None

    async def _announce(self, cluster: Cluster, claim: Claim, session_id: str) -> bool:
        """Tells the process that runs the generation that the session joins. False when the generation has ended.

        If the process does not answer in time, it may still have received the call, so the result is True.
        """
        try:
            async with asyncio.timeout(ANNOUNCE_SECONDS):
                message = {"do": "join", "generation": str(claim.generation_id), "session": session_id}
                return bool((await cluster.rpc.ask(claim.process, **message)).get("joined", True))
        except (NoAnswer, TimeoutError):
            return True
