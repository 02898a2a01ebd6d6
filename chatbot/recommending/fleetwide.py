"""What the fleet needs of the generations of this process, and what this process does for the fleet."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings

from chatbot.connections import give_back
from chatbot.fleet.fleet import Duties, Fleet
from chatbot.fleet.members import ME, MISSED_SECONDS
from chatbot.fleet.shared_log import Entry
from chatbot.models import Generation, Outcome
from chatbot.streaming.channels import channel_of
from chatbot.streaming.event_log import event_log
from chatbot.streaming.events import TERMINAL
from chatbot.streaming.publisher import erase

COPIED_AT_ONCE = 500
"""Events that are copied of one generation at once."""

_fleets: WeakKeyDictionary[asyncio.AbstractEventLoop, Fleet] = WeakKeyDictionary()


def fleet() -> Fleet | None:
    """This process's part in the fleet, on the running event loop; None without ``REDIS_URL``. It takes part from the
    first call on."""
    if not settings.REDIS_URL:
        return None
    loop = asyncio.get_running_loop()
    if loop not in _fleets:
        duties = Duties(read=_events_after, ends=TERMINAL.__contains__, handle=_handle, sweep=_sweep)
        _fleets[loop] = Fleet(settings.REDIS_URL, settings.LEAFRESH_REDIS_PREFIX, duties)
        _fleets[loop].start()
    return _fleets[loop]


async def leave() -> None:
    """Ends this process's part, when there is one."""
    left = _fleets.pop(asyncio.get_running_loop(), None)
    if left is not None:
        await left.close()


def bury(processes: set[str] | None, generation_ids: Sequence[uuid.UUID] | None = None) -> None:
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
    part = fleet()
    assert part is not None
    processes = await sync_to_async(_running_processes)() - {ME}
    await part.members.dead(processes)
    await asyncio.sleep(MISSED_SECONDS)
    dead = await part.members.dead(processes)  # whoever looks next does not know who was missed before
    if dead:
        await sync_to_async(_bury)(dead)


def _running_processes() -> set[str]:
    try:
        return set(Generation.objects.filter(outcome=Outcome.RUNNING).values_list("process", flat=True).distinct())
    finally:
        give_back()


def _bury(processes: set[str]) -> None:
    try:
        bury(processes)
    finally:
        give_back()


async def _handle(what: dict[str, Any]) -> dict[str, Any]:
    """Does what another process asks."""
    from chatbot.recommending import stopping  # which asks others by way of this module

    match what:
        case {"do": "stop", "generation": generation_id, "session": session_id}:
            outcome = await stopping.stop_here(uuid.UUID(generation_id), session_id=session_id)
            return {"outcome": outcome or ""}
        case {"do": "join", "generation": generation_id, "session": session_id}:
            return {"joined": stopping.join_here(uuid.UUID(generation_id), session_id)}
        case {"do": "leave", "generation": generation_id, "session": session_id}:
            return {"goes_on": await stopping.leave(uuid.UUID(generation_id), session_id)}
        case {"do": "forget", "generations": generation_ids}:
            for generation_id in generation_ids:
                erase(uuid.UUID(generation_id))
            return {}
        case _:
            return {"unknown": True}
