"""Owns the running generations: bounded in number, joined by who asks the same, cancelled when nobody listens."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Coroutine, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from chatbot.cluster.cluster import Cluster
from chatbot.cluster.current import cluster
from chatbot.cluster.presence import PRESENCE_SECONDS
from chatbot.cluster.redis import Unreachable
from chatbot.db.errors import may_pass
from chatbot.errors import ApplicationError, ShuttingDown, TooManyGenerations
from chatbot.generation.local import LocalGeneration
from chatbot.models import Outcome

logger = logging.getLogger(__name__)

ended: Counter[Outcome] = Counter()
"""Generations of this process that ended, by how they did."""

Key = tuple[object, ...]
"""What a running generation answers: ``("session", session id, …)`` or ``("anybody", …)``, and what was asked."""

FIRST_LISTENER_SECONDS = 5.0
"""Who has asked is about to listen: a new generation has at least this long, whatever the grace period."""


class GenerationRegistry:
    """The running generations of one event loop. Everything here runs on that loop, so nothing needs a lock."""

    def __init__(self, *, max_generations: int, abandon_seconds: float) -> None:
        self._max_generations = max_generations
        self._abandon_seconds = abandon_seconds
        self._running: dict[uuid.UUID, LocalGeneration] = {}
        self._by_key: dict[Key, LocalGeneration] = {}
        self._keys: dict[uuid.UUID, list[Key]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends_soon = False  # the server stops; who is connected may still ask
        self._draining = False

    def __len__(self) -> int:
        return len(self._running)

    @property
    def listeners(self) -> int:
        """How many listen, all together."""
        return sum(generation.listeners for generation in self._running.values())

    def get(self, generation_id: uuid.UUID) -> LocalGeneration | None:
        return self._running.get(generation_id)

    def find(self, keys: Iterable[Key]) -> LocalGeneration | None:
        """The running generation that answers one of the keys, the first key that has one."""
        found = (self._by_key[key] for key in keys if key in self._by_key)
        return next((generation for generation in found if not generation.ending), None)

    def start(self, generation: LocalGeneration, keys: Iterable[Key]) -> None:
        """Runs the generation; who asks for one of ``keys`` meanwhile finds it. Raises TooManyGenerations."""
        self.check_room()
        self._running[generation.id] = generation
        self._keys[generation.id] = []
        self.add_keys(generation, keys)
        task = asyncio.create_task(self._run(generation), name=f"generation {generation.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Not before it has started: it may wait for its turn with a model, and whoever asked waits with it.
        first = max(self._abandon_seconds, FIRST_LISTENER_SECONDS)
        generation.started.add_done_callback(lambda _: self._check_later(generation, first))

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Runs work that belongs to no request, such as a check; it is waited for when the server stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def draining(self) -> bool:
        """Whether the server stops."""
        return self._ends_soon or self._draining

    def check_room(self) -> None:
        """Raises ShuttingDown or TooManyGenerations when nothing more can be started."""
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
        """Ends the generation for one of its sessions; what that session asks next is not answered by it."""
        generation.leave(session_id)
        left = [key for key in self._keys.get(generation.id, ()) if key[:2] == ("session", session_id)]
        for key in left:
            self._keys[generation.id].remove(key)
            del self._by_key[key]
        self.keep(generation.release(left))

    def attach(self, generation_id: uuid.UUID) -> bool:
        """Somebody listens to the generation, if it still runs. False when it is being given up unseen: there is
        nothing to wait for, and who asks again begins anew."""
        generation = self._running.get(generation_id)
        if generation is not None:
            generation.listeners += 1
            generation.attached += 1
        return generation is None or not generation.given_up

    def detach(self, generation_id: uuid.UUID) -> None:
        """Somebody no longer listens; when nobody does for the grace period, the generation ends."""
        generation = self._running.get(generation_id)
        if generation is not None:
            generation.listeners -= 1
            if generation.listeners == 0:
                self._check_later(generation, self._abandon_seconds)

    def asked_by(self, session_id: str) -> list[LocalGeneration]:
        """The running generations that the session asked for, alone or with others."""
        return [it for it in self._running.values() if session_id in it.asked_by and it.claimed_by is None]

    def announce_end(self) -> None:
        """The server stops: it is not ready any more, but refuses nothing yet."""
        self._ends_soon = True

    def refuse(self) -> None:
        """Starts nothing more."""
        self._draining = True

    async def idle(self) -> None:
        """Returns when all that runs now has ended, whoever listens to it."""
        for generation in list(self._running.values()):
            await generation.ended.wait()

    async def drain(self) -> None:
        """Starts nothing more, ends what runs, and waits until its rows are written."""
        self.refuse()
        for generation in list(self._running.values()):
            generation.end(Outcome.INTERRUPTED)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def _check_later(self, generation: LocalGeneration, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds, self._end_if_abandoned, generation, generation.attached)

    def _end_if_abandoned(self, generation: LocalGeneration, attached: int) -> None:
        """Ends the generation if nobody listens and nobody came since the timer was set."""
        if generation.listeners or generation.attached != attached or generation.ended.is_set():
            return
        if (part := cluster()) is None:
            generation.end(Outcome.ABANDONED)
        else:
            self.keep(self._end_if_without_subscribers(generation, attached, part))

    async def _end_if_without_subscribers(self, generation: LocalGeneration, attached: int, part: Cluster) -> None:
        """The same, when nobody listens in another process either. Who cannot know lets the generation go on: it ends
        anyway."""
        try:
            has_subscribers = await part.presence.has_subscribers(generation.id)
        except Unreachable:
            has_subscribers = True
        if has_subscribers:
            asyncio.get_running_loop().call_later(PRESENCE_SECONDS, self._end_if_abandoned, generation, attached)
        elif generation.listeners == 0 and generation.attached == attached:
            generation.end(Outcome.ABANDONED)

    async def _run(self, generation: LocalGeneration) -> None:
        try:
            await generation.run()
            if generation.result is not None:
                ended[generation.result.outcome] += 1
        except ApplicationError as error:
            logger.warning("generation %s was refused: %s", generation.id, error)
        except Exception as error:  # nobody awaits this task: what it raises would be lost
            if may_pass(error):
                logger.warning("generation %s could not begin: %s of the database", generation.id, type(error).__name__)
            else:
                logger.exception("generation %s could not be run", generation.id)
        finally:
            del self._running[generation.id]
            for key in self._keys.pop(generation.id):
                del self._by_key[key]


_registries: WeakKeyDictionary[asyncio.AbstractEventLoop, GenerationRegistry] = WeakKeyDictionary()


def registry() -> GenerationRegistry:
    """The registry of the running event loop, made when it is first asked for. A server has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _registries:
        _registries[loop] = GenerationRegistry(
            max_generations=settings.LEAFRESH_MAX_GENERATIONS, abandon_seconds=settings.LEAFRESH_ABANDON_SECONDS
        )
    return _registries[loop]
