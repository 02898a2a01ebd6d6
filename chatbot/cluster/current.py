"""What the cluster needs of the generations of this process, and what this process does for the cluster."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings

from chatbot.cluster.cluster import Cluster, Duties
from chatbot.cluster.heartbeat import ME, MISSED_SECONDS
from chatbot.cluster.replication import Entry
from chatbot.db.errors import give_back
from chatbot.events.cursor import channel_of
from chatbot.events.log import event_log
from chatbot.events.types import TERMINAL
from chatbot.models import Generation, Outcome

COPIED_AT_ONCE = 500
"""Events that are copied of one generation at once."""

_clusters: WeakKeyDictionary[asyncio.AbstractEventLoop, Cluster] = WeakKeyDictionary()


def cluster() -> Cluster | None:
    """This process's part in the cluster, on the running event loop; None without ``REDIS_URL``. It takes part from the
    first call on."""
    if not settings.REDIS_URL:
        return None
    loop = asyncio.get_running_loop()
    if loop not in _clusters:
        duties = Duties(read=_events_after, ends=TERMINAL.__contains__, handle=_handle, sweep=_sweep)
        _clusters[loop] = Cluster(settings.REDIS_URL, settings.LEAFRESH_REDIS_PREFIX, duties)
        _clusters[loop].start()
    return _clusters[loop]


async def leave() -> None:
    """Ends this process's part, when there is one."""
    left = _clusters.pop(asyncio.get_running_loop(), None)
    if left is not None:
        await left.close()


def mark_interrupted(processes: set[str] | None, generation_ids: Sequence[uuid.UUID] | None = None) -> None:
    """Says in the rows of running generations of dead processes, of all when ``processes`` is None, that they ended.
    Synchronous."""
    rows = Generation.objects.filter(outcome=Outcome.RUNNING)
    if processes is not None:
        rows = rows.filter(process__in=processes)
    if generation_ids is not None:
        rows = rows.filter(pk__in=generation_ids)
    rows.update(outcome=Outcome.INTERRUPTED, event_count=0, error="The server ended while it ran.")


def _events_after(generation_id: uuid.UUID, number: int) -> list[Entry]:
    try:
        events = event_log.after(channel_of(generation_id), number, COPIED_AT_ONCE)
    except KeyError:
        return []
    return [Entry((event.number, 0), event.name, event.data) for event in events]


async def _sweep() -> None:
    """Rows of processes that died while nobody listened to what they wrote."""
    part = cluster()
    assert part is not None
    processes = await sync_to_async(_running_processes)() - {ME}
    await part.heartbeat.dead(processes)
    await asyncio.sleep(MISSED_SECONDS)
    dead = await part.heartbeat.dead(processes)  # whoever looks next does not know who was missed before
    if dead:
        await sync_to_async(_bury)(dead)


def _running_processes() -> set[str]:
    try:
        return set(Generation.objects.filter(outcome=Outcome.RUNNING).values_list("process", flat=True).distinct())
    finally:
        give_back()


def _bury(processes: set[str]) -> None:
    try:
        mark_interrupted(processes)
    finally:
        give_back()


Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

_handlers: dict[str, Handler] = {}
"""What other processes may ask of this one, by the word in ``do``: filled when modules are imported."""


def handles(do: str) -> Callable[[Handler], Handler]:
    """Registers a coroutine function that does what another process asks by ``do``, and returns what it answers."""

    def register(handler: Handler) -> Handler:
        _handlers[do] = handler
        return handler

    return register


async def _handle(what: dict[str, Any]) -> dict[str, Any]:
    """Does what another process asks."""
    handler = _handlers.get(what["do"])
    return {"unknown": True} if handler is None else await handler(what)
