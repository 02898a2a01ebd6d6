"""Coming back to what another process ran, when Redis has not all of it. No Redis: it says what a test wants."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync

from chatbot import service
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.remote_generations import RemoteGenerations
from chatbot.cluster.replication import Entry
from chatbot.dialogue.requests import BaseInfoRequest
from chatbot.events.cursor import Cursor, channel_of
from chatbot.events.log import event_log
from chatbot.events.sse import relay
from chatbot.events.subscription import Numbered, Subscription
from chatbot.models import Generation
from tests.e2e import sse
from tests.generations import recommend

pytestmark = pytest.mark.django_db

ASKED = BaseInfoRequest("도시", "사무직", "비건", "moves")


class HalfCopied:
    """What Redis has of the one generation whose process died."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    async def entries(self, after: Mapping[uuid.UUID, Any]) -> dict[uuid.UUID, list[Entry]]:
        return {it: [entry for entry in self._entries if entry.place > place] for it, place in after.items()}

    async def listen_to(self, generation_ids: Sequence[uuid.UUID]) -> None:
        pass

    async def dead(self, processes: set[str]) -> set[str]:
        return processes

    def part(self) -> Cluster:
        return cast("Cluster", SimpleNamespace(log=self, ears=self, members=self))


async def over_elsewhere(monkeypatch: pytest.MonkeyPatch, copied: slice) -> tuple[Generation, RemoteGenerations]:
    """A generation that another process ended and did not live to copy whole."""
    generation, _ = await recommend(ASKED)
    await generation.ended.wait()
    events: list[Numbered] = event_log.after(channel_of(generation.id), 0, 1000)
    event_log.forget(generation.id)
    await Generation.objects.aupdate(process="died")
    redis = HalfCopied([Entry((it.number, 0), it.name, it.data) for it in events[copied]])
    followers = RemoteGenerations(redis.part())
    monkeypatch.setattr(service, "elsewhere", lambda: followers)
    return await Generation.objects.aget(), followers


async def comes_back(generation: Generation, number: int) -> Subscription | service.Past | service.NothingNew:
    return await service.open_stream(ASKED, cursor=Cursor(generation.id, number), token_format="object")


async def nobody_is_followed(followers: RemoteGenerations) -> None:
    async with asyncio.timeout(10):
        while len(followers):
            await asyncio.sleep(0.01)


def check_whole(generation: Generation, number: int, chunks: Sequence[bytes]) -> None:
    """Numbers without a gap up to the row's, the text of the answer, one end."""
    text = b"".join(chunks).decode()
    events = [event for event in sse.parse(text.split("\n")) if event.data]
    assert [event.number for event in events] == list(range(number + 1, (generation.event_count or 0) + 1))
    assert [event.name for event in events].count("close") == 1
    assert events[-1].payload == generation.answer
    assert sse.tokens(events) == sse.laid_out(events[-1].payload)


def test_all_who_come_back_get_the_rest_of_what_was_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a client that comes when the row was already read for another."""

    async def scenario() -> None:
        generation, followers = await over_elsewhere(monkeypatch, slice(0, 5))
        last = generation.event_count or 0
        first = await comes_back(generation, 3)
        assert isinstance(first, Subscription)
        late = last - 3  # the whole takes three events at least
        seen: dict[int, list[bytes]] = {}
        async for chunk in relay(first):
            seen.setdefault(3, []).append(chunk)
            if b"event: close" in chunk:  # the first still listens
                second = await comes_back(generation, late)
                assert isinstance(second, Subscription)
                seen[late] = [chunk async for chunk in relay(second)]
                assert isinstance(await comes_back(generation, last), service.NothingNew)
        assert len(seen) == 2
        for number, chunks in seen.items():
            check_whole(generation, number, chunks)
        await nobody_is_followed(followers)

    async_to_sync(scenario)()


def test_what_was_copied_with_a_gap_is_told_by_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis restarted in the middle, and the process no longer had the beginning."""

    async def scenario() -> None:
        generation, followers = await over_elsewhere(monkeypatch, slice(4, None))
        listening = await comes_back(generation, 5)
        assert isinstance(listening, Subscription)
        check_whole(generation, 5, [chunk async for chunk in relay(listening)])
        await nobody_is_followed(followers)

    async_to_sync(scenario)()


def test_what_was_copied_whole_is_read_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        generation, followers = await over_elsewhere(monkeypatch, slice(None))
        listening = await comes_back(generation, 0)
        assert isinstance(listening, Subscription)
        chunks = [chunk async for chunk in relay(listening)]
        assert b"event: rewrite" not in b"".join(chunks)
        check_whole(generation, 0, chunks)
        await nobody_is_followed(followers)

    async_to_sync(scenario)()
