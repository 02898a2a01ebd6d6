"""The composition root: it builds the objects that live as long as the server, once for each event loop.

Entry points call ``runtime()``. All other code gets these objects as arguments.
"""

import asyncio
import uuid
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from chatbot.cluster.cluster import Cluster
from chatbot.cluster.remote_registry import RemoteRegistry
from chatbot.dialogue.base_info import job_maker
from chatbot.events.log import event_log
from chatbot.events.subscription import LoggedGeneration
from chatbot.generation.cancellation import Cancellation
from chatbot.generation.coalescer import LoopLag
from chatbot.generation.local import Resources
from chatbot.generation.measurements import Measurements
from chatbot.generation.registry import GenerationRegistry
from chatbot.generation.retry_queue import WriteRetryQueue
from chatbot.generation.rows import mark_interrupted, read_rows, running_processes
from chatbot.generation.single_flight import SingleFlight
from chatbot.providers.concurrency import ModelSlots
from chatbot.providers.configured import Providers


class Runtime:
    """The objects of one event loop. A server, a command or a test has one Runtime.

    ``cluster`` and ``remote`` are None without ``REDIS_URL``. With it, creating the Runtime joins the cluster.
    """

    def __init__(self) -> None:
        self.providers = Providers()
        self.make_base_info_job = job_maker(self.providers)
        self.loop_lag = LoopLag(asyncio.get_running_loop())
        self.retry_queue = WriteRetryQueue()
        self.cluster: Cluster | None = None
        self.remote: RemoteRegistry | None = None
        if settings.REDIS_URL:
            self.cluster = Cluster(settings.REDIS_URL, settings.LEAFRESH_REDIS_PREFIX)
            self.remote = RemoteRegistry(self.cluster, read_rows)
        self.measurements = Measurements()
        self.slots = ModelSlots(
            settings.LEAFRESH_MODEL_CONCURRENCY, queue_seconds=settings.LEAFRESH_MODEL_QUEUE_SECONDS
        )
        self.registry = GenerationRegistry(
            Resources(self.retry_queue, self.slots, self.loop_lag, self.measurements),
            self.cluster,
            max_generations=settings.LEAFRESH_MAX_GENERATIONS,
            abandon_seconds=settings.LEAFRESH_ABANDON_SECONDS,
        )
        self.single_flight = SingleFlight(self.registry, self.cluster, self.remote)
        self.cancellation = Cancellation(self.registry, self.cluster)
        if self.cluster is not None:
            handlers = {**self.cancellation.handlers, "join": self._handle_join}
            self.cluster.start(handlers=handlers, running=running_processes, mark_interrupted=mark_interrupted)

    async def find(self, generation_id: uuid.UUID, number: int) -> LoggedGeneration | None:
        """The generation, if it runs in any process, or if it has ended and the log has events after ``number``."""
        running = self.registry.get(generation_id)
        if running is not None and running.ending:
            await running.ended.wait()
            running = None
        found: LoggedGeneration | None = running
        if found is None and self.remote is not None:
            found = await self.remote.find(generation_id, number)
        state = event_log.state(generation_id)
        if state is None or not (state.ended or found):
            return None
        return found or LoggedGeneration(generation_id)

    async def close(self) -> None:
        """Leaves the cluster."""
        if self.cluster is not None:
            await self.cluster.close()
        del _runtimes[asyncio.get_running_loop()]

    async def _handle_join(self, what: dict[str, Any]) -> dict[str, Any]:
        return {"joined": await self.single_flight.welcome(uuid.UUID(what["generation"]), what["session"])}


_runtimes: WeakKeyDictionary[asyncio.AbstractEventLoop, Runtime] = WeakKeyDictionary()


def runtime() -> Runtime:
    """The runtime of the running event loop, built by the first call."""
    loop = asyncio.get_running_loop()
    if loop not in _runtimes:
        _runtimes[loop] = Runtime()
    return _runtimes[loop]
