import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from channels_redis.core import RedisChannelLayer

from chatbot.cluster import rpc as module
from chatbot.cluster.rpc import NoAnswer, Rpc
from tests.e2e.redis_server import RunningRedis


class Process:
    """Answers a call with its arguments and its own name."""

    def __init__(self, layer: Any, name: str) -> None:
        self.name = name
        self.received: list[dict[str, Any]] = []
        self.rpc = Rpc(layer, name)

    async def handle(self, what: dict[str, Any]) -> dict[str, Any]:
        self.received.append(what)
        if what["do"] == "fail":
            raise RuntimeError("on purpose")
        return {**what, "by": self.name}

    @contextmanager
    def listening(self) -> Iterator[None]:
        handlers = dict.fromkeys(("x", "y", "z", "fail"), self.handle)
        tasks = [asyncio.create_task(self.rpc.listen(handlers)), asyncio.create_task(self.rpc.belong())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def until_received(process: Process, count: int) -> None:
    async with asyncio.timeout(20):
        while len(process.received) < count:
            await asyncio.sleep(0.005)


async def test_a_call_to_one_process_and_a_call_to_all() -> None:
    layer = InMemoryChannelLayer()
    one, other = Process(layer, "one"), Process(layer, "other")
    with one.listening(), other.listening():
        assert await one.rpc.ask("other", do="x", it="가") == {"do": "x", "it": "가", "by": "other"}
        assert await other.rpc.ask("one", do="y") == {"do": "y", "by": "one"}
        assert await other.rpc.ask("one", do="what no process does") == {"unknown": True}
        await one.rpc.tell_all(do="z")
        await until_received(one, 2)
        await until_received(other, 2)
        assert (one.received[-1], other.received[-1]) == ({"do": "z"}, {"do": "z"})


async def test_a_caller_does_not_wait_for_a_silent_process(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.05)
    layer = InMemoryChannelLayer()
    one, other = Process(layer, "one"), Process(layer, "other")
    with one.listening(), other.listening():
        with pytest.raises(NoAnswer):
            await one.rpc.ask("nobody", do="x")
        with pytest.raises(NoAnswer):
            await one.rpc.ask("other", do="fail")
        async with asyncio.timeout(60):
            while "on purpose" not in caplog.text:
                await asyncio.sleep(0.005)


async def test_messages_come_again_after_an_outage(mortal_redis: RunningRedis, prefix: str) -> None:
    def layer() -> Any:
        return RedisChannelLayer(hosts=[{"address": mortal_redis.url, "socket_timeout": 8}], prefix=prefix)

    one, other = Process(layer(), "one"), Process(layer(), "other")
    with one.listening(), other.listening():
        assert await one.rpc.ask("other", do="x") == {"do": "x", "by": "other"}
        mortal_redis.stop()
        with pytest.raises(NoAnswer):
            await one.rpc.ask("other", do="y")
        mortal_redis.start()
        async with asyncio.timeout(20):
            while True:
                try:
                    assert await one.rpc.ask("other", do="z") == {"do": "z", "by": "other"}
                    break
                except NoAnswer:
                    await asyncio.sleep(0.1)
