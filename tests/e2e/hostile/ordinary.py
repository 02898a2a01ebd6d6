"""An ordinary client: chooses a selection, reads the answer as it is written, thinks, sends messages."""

import asyncio
import time
import uuid

from tests.e2e.hostile.actor import Actor
from tests.e2e.reader import Reading, read
from tests.e2e.sse import BASE_INFO, FREE_TEXT

PATIENCE_SECONDS = 30.0
"""A first token that has not arrived by then counts as an error, with this time."""

THINKING_SECONDS = (3.0, 9.0)


async def talk(me: Actor) -> None:
    """One conversation: a selection and some messages, with pauses."""
    session = uuid.uuid4().hex
    await _answer(me, "selection", BASE_INFO, {"sessionId": session, **me.selection()})
    for _ in range(me.random.randint(1, 4)):
        await _think(me)
        if me.over.is_set():
            return
        await _answer(me, "message", FREE_TEXT, {"sessionId": session, "message": me.message()})
    await _think(me)


async def _think(me: Actor) -> None:
    try:
        async with asyncio.timeout(me.random.uniform(*THINKING_SECONDS)):
            await me.over.wait()
    except TimeoutError:
        return


async def _answer(me: Actor, asked: str, path: str, query: dict[str, str]) -> None:
    """Reads one answer to its end, and records the time to its first token and all errors."""
    reading = Reading()
    first: list[float] = []
    began = time.monotonic()

    def notice(so_far: Reading) -> bool:
        if not first and so_far.events and so_far.events[-1].name == "challenge":
            first.append(time.monotonic() - began)
        return False

    try:
        await read(
            me.url,
            reading=reading,
            path=path,
            until=notice,
            patience_seconds=PATIENCE_SECONDS,
            http=me.http,
            **query,
        )
        reading.check()
        assert reading.connections == 1, f"{reading.connections} connections, refused with {reading.refused}"
        me.note("answered")
    except TimeoutError:
        _fail(me, asked, f"no whole answer after {PATIENCE_SECONDS:.0f} s, refused with {reading.refused}")
    except AssertionError as error:
        _fail(me, asked, str(error)[:200])
    waited = first[0] if first else max(PATIENCE_SECONDS, time.monotonic() - began)
    me.seen.first_tokens.setdefault(asked, []).append(waited * 1000)


def _fail(me: Actor, asked: str, why: str) -> None:
    me.note("failed")
    me.seen.errors.append(f"{asked} of {me.address}: {why}")
