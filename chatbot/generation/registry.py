"""The registry of running generations. It limits their number, and abandons those without subscribers."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError

from chatbot.cluster.cluster import Cluster
from chatbot.cluster.presence import PRESENCE_SECONDS
from chatbot.cluster.publication import ClusterPublisher
from chatbot.cluster.redis import Unreachable
from chatbot.db.errors import may_pass
from chatbot.errors import ApplicationError, NotOwner, ShuttingDown, TooManyGenerations
from chatbot.events.eventstream import Publisher
from chatbot.generation.job import Job, Key
from chatbot.generation.local import LocalGeneration, Resources
from chatbot.models import Outcome
from chatbot.sessions import store
from chatbot.sessions.ownership import Proof

logger = logging.getLogger(__name__)

FIRST_SUBSCRIBER_SECONDS = 5.0
"""The minimum time for which a new generation waits for its first subscriber, even if the grace period is shorter."""


class GenerationRegistry:
    """The running generations. Used on one event loop only, so it needs no lock. ``outcomes`` counts ended
    generations."""

    def __init__(
        self, resources: Resources, cluster: Cluster | None, *, max_generations: int, abandon_seconds: float
    ) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self._resources = resources
        self._cluster = cluster
        self._max_generations = max_generations
        self._abandon_seconds = abandon_seconds
        self._running: dict[uuid.UUID, LocalGeneration] = {}
        self._by_key: dict[Key, LocalGeneration] = {}
        self._keys: dict[uuid.UUID, list[Key]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ends_soon = False  # the server is stopping, but still answers connected clients
        self._draining = False

    def __len__(self) -> int:
        return len(self._running)

    @property
    def subscriber_count(self) -> int:
        """The number of subscribers of all running generations."""
        return sum(generation.subscriber_count for generation in self._running.values())

    def get(self, generation_id: uuid.UUID) -> LocalGeneration | None:
        return self._running.get(generation_id)

    def find(self, keys: Iterable[Key]) -> LocalGeneration | None:
        """The running generation for the first of the keys that has one."""
        found = (self._by_key[key] for key in keys if key in self._by_key)
        return next((generation for generation in found if not generation.ending), None)

    def asked_by(self, session_id: str) -> list[LocalGeneration]:
        """The running generations that the session requested, alone or with other sessions."""
        return [generation for generation in self._running.values() if session_id in generation.asked_by]

    def start(
        self, job: Job, *, session_id: str = "", keys: Iterable[Key] = (), publisher: Publisher | None = None
    ) -> LocalGeneration:
        """Starts a generation for the job. Requests with one of ``keys`` can join it while it runs.

        Raises ShuttingDown and TooManyGenerations.
        """
        self.check_room()
        if publisher is None:
            generation_id = uuid.uuid4()
            publisher = ClusterPublisher(self._cluster, generation_id) if self._cluster else Publisher(generation_id)
        generation = LocalGeneration(
            job, publisher, self._resources, session_id=session_id, unsubscribed=self._abandon_without_subscribers
        )
        self._running[generation.id] = generation
        self._keys[generation.id] = []
        self.add_keys(generation, keys)
        self.keep(self._run(generation))
        # Not before the generation has started: it may wait for a slot, and its requests wait with it.
        first = max(self._abandon_seconds, FIRST_SUBSCRIBER_SECONDS)
        generation.started.add_done_callback(lambda _: self._abandon_after(generation, first))
        return generation

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs background work, such as a check. On shutdown, the server waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def draining(self) -> bool:
        """Whether the server is stopping."""
        return self._ends_soon or self._draining

    def check_room(self) -> None:
        """Raises ShuttingDown or TooManyGenerations when no generation can be started."""
        if self._draining:
            raise ShuttingDown
        if len(self._running) >= self._max_generations:
            raise TooManyGenerations

    def add_keys(self, generation: LocalGeneration, keys: Iterable[Key]) -> None:
        for key in keys:
            known = self._by_key.get(key)
            if known is None or known.ending:
                if known is not None:
                    self._keys[known.id].remove(key)
                self._by_key[key] = generation
                self._keys[generation.id].append(key)

    def leave(self, generation: LocalGeneration, session_id: str) -> None:
        """Ends the generation for one of its sessions. The next request of this session does not join it."""
        generation.leave(session_id)
        left = [key for key in self._keys.get(generation.id, ()) if key[:2] == ("session", session_id)]
        for key in left:
            self._keys[generation.id].remove(key)
            del self._by_key[key]
        self.keep(generation.release(left))

    async def check_resuming(self, generation_id: uuid.UUID, session_id: str, proof: Proof) -> None:
        """Checks whether the client may resume or stop the generation. Raises NotOwner.

        ``session_id`` is empty if the client sent none; see ``chatbot.sessions.store.check_resuming``. This process
        knows the owners of its generations' sessions, so their requests need no database. For other sessions only the
        database knows whether they are bound, so an error of the database is raised.
        """
        running = self.get(generation_id)
        owners = running.owners if running is not None else {}
        asked = {session_id: owners.get(session_id, "")} if session_id else owners
        if any(proof.proves(owner, key) for key, owner in asked.items()):
            self.keep(_bind(generation_id, session_id, proof))
        else:
            await sync_to_async(store.check_resuming)(generation_id, session_id, proof)

    def announce_end(self) -> None:
        """The server is stopping: the readiness probe fails from now on, but requests are still answered."""
        self._ends_soon = True

    def refuse(self) -> None:
        """Refuses new generations from now on."""
        self._draining = True

    async def idle(self) -> None:
        """Waits until all present generations and background work have ended."""
        for generation in list(self._running.values()):
            await generation.ended.wait()

    async def drain(self) -> None:
        """Refuses new generations, ends the running ones, and waits until their rows are written."""
        self.refuse()
        for generation in list(self._running.values()):
            generation.end(Outcome.INTERRUPTED)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def _abandon_without_subscribers(self, generation: LocalGeneration) -> None:
        self._abandon_after(generation, self._abandon_seconds)

    def _abandon_after(self, generation: LocalGeneration, seconds: float) -> None:
        count = generation.subscription_count
        asyncio.get_running_loop().call_later(seconds, self._abandon_if_without_subscribers, generation.id, count)

    def _abandon_if_without_subscribers(self, generation_id: uuid.UUID, count: int) -> None:
        """Ends the generation if it has no subscriber and had none since the timer was set.

        The timer has only the id, so that it does not keep an ended generation in memory.
        """
        generation = self.get(generation_id)
        if generation is None or generation.subscriber_count or generation.subscription_count != count:
            return
        if self._cluster is None:
            generation.end(Outcome.ABANDONED)
        else:
            self.keep(self._abandon_if_without_subscribers_anywhere(generation, count, self._cluster))

    async def _abandon_if_without_subscribers_anywhere(
        self, generation: LocalGeneration, count: int, cluster: Cluster
    ) -> None:
        """As ``_abandon_if_without_subscribers``, but also requires that no other process has a subscriber.

        If Redis does not know, the generation continues to its normal end.
        """
        try:
            has_subscribers = await cluster.presence.has_subscribers(generation.id)
        except Unreachable:
            has_subscribers = True
        if has_subscribers:
            asyncio.get_running_loop().call_later(
                PRESENCE_SECONDS, self._abandon_if_without_subscribers, generation.id, count
            )
        elif generation.subscriber_count == 0 and generation.subscription_count == count:
            generation.end(Outcome.ABANDONED)

    async def _run(self, generation: LocalGeneration) -> None:
        try:
            await generation.run()
            if generation.result is not None:
                self.outcomes[generation.result.outcome] += 1
                self._resources.measurements.note(generation.result, generation.job.purpose)
        except ApplicationError as error:
            logger.warning("generation %s was refused: %s", generation.id, error)
        except Exception as error:  # the task is not awaited
            if may_pass(error):
                logger.warning(
                    "generation %s could not start: the database raised %s", generation.id, type(error).__name__
                )
            else:
                logger.exception("generation %s failed unexpectedly", generation.id)
        finally:
            del self._running[generation.id]
            for key in self._keys.pop(generation.id):
                del self._by_key[key]


async def _bind(generation_id: uuid.UUID, session_id: str, proof: Proof) -> None:
    """Binds the session to its owner. While the database is gone this is skipped: a later request does it."""
    with suppress(DatabaseError, InterfaceError, NotOwner):
        await sync_to_async(store.check_resuming)(generation_id, session_id, proof)
