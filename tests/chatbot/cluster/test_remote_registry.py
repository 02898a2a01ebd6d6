"""Resuming generations of other processes if Redis does not have all entries. A stub replaces Redis."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync

from chatbot import resumption, service
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.remote_registry import RemoteRegistry
from chatbot.cluster.replication import EventLogEntry
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.events.log import Cursor, Numbered, channel_of, event_log
from chatbot.events.subscription import chunks
from chatbot.generation.rows import read_rows
from chatbot.models import Generation
from chatbot.runtime import runtime
from tests.e2e import sse
from tests.generations import recommend

pytestmark = pytest.mark.django_db

ASKED = BaseInfoRequest("도시", "사무직", "비건", "moves")


class HalfCopied:
    """The entries of a generation in Redis whose process has died."""

    def __init__(self, entries: Sequence[EventLogEntry]) -> None:
        self._entries = entries

    async def entries(self, after: Mapping[uuid.UUID, Any]) -> dict[uuid.UUID, list[EventLogEntry]]:
        return {it: [entry for entry in self._entries if entry.position > place] for it, place in after.items()}

    async def announce(self, generation_ids: Sequence[uuid.UUID]) -> None:
        pass

    async def dead(self, processes: set[str]) -> set[str]:
        return processes

    def cluster(self) -> Cluster:
        return cast("Cluster", SimpleNamespace(replication=self, presence=self, heartbeat=self))


async def over_elsewhere(copied: slice) -> tuple[Generation, RemoteRegistry]:
    """A generation that ended in another process, which died before it had copied all entries."""
    generation, _ = await recommend(ASKED)
    await generation.ended.wait()
    events: list[Numbered] = event_log.after(channel_of(generation.id), 0, 1000)
    event_log.forget(generation.id)
    await Generation.objects.aupdate(process="died")
    redis = HalfCopied([EventLogEntry((it.number, 0), it.name, it.data) for it in events[copied]])
    remote = runtime().remote = RemoteRegistry(redis.cluster(), read_rows)
    return await Generation.objects.aget(), remote


async def comes_back(generation: Generation, number: int) -> service.Stream | resumption.Past | resumption.NothingNew:
    return await service.open_stream(ASKED, cursor=Cursor(generation.id, number), token_format="object")


async def nothing_is_followed(remote: RemoteRegistry) -> None:
    async with asyncio.timeout(10):
        while len(remote):
            await asyncio.sleep(0.01)


def check_whole(generation: Generation, number: int, received: Sequence[bytes]) -> None:
    """Checks that the numbers have no gap up to that of the row, the text of the answer, and the single end."""
    text = b"".join(received).decode()
    events = [event for event in sse.parse(text.split("\n")) if event.data]
    assert [event.number for event in events] == list(range(number + 1, (generation.event_count or 0) + 1))
    assert [event.name for event in events].count("close") == 1
    assert events[-1].payload == generation.answer
    assert sse.tokens(events) == sse.laid_out(events[-1].payload)


def test_all_reconnecting_clients_get_the_rest_that_was_not_copied() -> None:
    """Also for a client that subscribes after the row was read for another client."""

    async def scenario() -> None:
        generation, remote = await over_elsewhere(slice(0, 5))
        last = generation.event_count or 0
        first = await comes_back(generation, 3)
        assert isinstance(first, service.Stream)
        late = last - 3  # the whole takes three events at least
        seen: dict[int, list[bytes]] = {}
        async for chunk in chunks(first.subscriptions()):
            seen.setdefault(3, []).append(chunk)
            if b"event: close" in chunk:  # the first still listens
                second = await comes_back(generation, late)
                assert isinstance(second, service.Stream)
                seen[late] = [chunk async for chunk in chunks(second.subscriptions())]
                assert isinstance(await comes_back(generation, last), resumption.NothingNew)
        assert len(seen) == 2
        for number, received in seen.items():
            check_whole(generation, number, received)
        await nothing_is_followed(remote)

    async_to_sync(scenario)()


def test_a_copy_with_a_gap_is_replaced_by_the_row() -> None:
    """Redis restarted in the middle, and the process no longer had the beginning."""

    async def scenario() -> None:
        generation, remote = await over_elsewhere(slice(4, None))
        stream = await comes_back(generation, 5)
        assert isinstance(stream, service.Stream)
        check_whole(generation, 5, [chunk async for chunk in chunks(stream.subscriptions())])
        await nothing_is_followed(remote)

    async_to_sync(scenario)()


def test_what_was_copied_whole_is_read_as_it_was_written() -> None:
    async def scenario() -> None:
        generation, remote = await over_elsewhere(slice(None))
        stream = await comes_back(generation, 0)
        assert isinstance(stream, service.Stream)
        received = [chunk async for chunk in chunks(stream.subscriptions())]
        assert b"event: rewrite" not in b"".join(received)
        check_whole(generation, 0, received)
        await nothing_is_followed(remote)

    async_to_sync(scenario)()
