"""Hostile clients that talk as the API allows, too much and about too much: long sessions, ratings, stops."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

from tests.e2e.hostile.actor import Actor, together
from tests.e2e.hostile.plan import OwnedSession
from tests.e2e.sse import BASE_INFO, FREE_TEXT, Event

SESSIONS = "/api/chatbot/sessions"
AT_ONCE = 5
"""Messages of a session at the same moment: four times a minute is what the session's rate allows."""

PAGES = 3
FLOOD = 8


async def ask_at_once(me: Actor) -> None:
    """Messages in a session with many turns."""
    session = me.random.choice(me.sessions)
    await together(*(_message(me, session) for _ in range(AT_ONCE)))


async def _message(me: Actor, session: OwnedSession) -> None:
    query = {"sessionId": session.id, "message": me.message()}
    await _read(me, me.events(FREE_TEXT, query, dict(session.headers)))


async def _read(me: Actor, events: AsyncGenerator[Event, None]) -> None:
    """Reads a stream to its end, and notes how it ended."""
    async with aclosing(events):
        async for event in events:
            if event.name in {"close", "error"}:
                me.note("answered" if event.name == "close" else "failed")


async def read_all(me: Actor) -> None:
    """Reads a session with many turns, and goes back page by page where there are pages."""
    session = me.random.choice(me.sessions)
    query: dict[str, str] = {}
    for _ in range(PAGES):
        response = await me.ask("GET", f"{SESSIONS}/{session.id}", params=query, headers=session.headers)
        if response.status_code != 200 or len(response.content) > 1_000_000:
            return
        data = response.json()["data"]
        if not data.get("hasMore") or not data["turns"]:
            return
        query = {"before": str(data.get("before") or data["turns"][0]["generationId"])}


async def erase(me: Actor) -> None:
    """Erases a session with many turns, while it asks in it; when none is left, a new one that has a turn."""
    if me.sessions:
        session = me.sessions.pop()
        asking = _message(me, session)
    else:
        session = OwnedSession(uuid.uuid4().hex, 1)
        asking = _read(me, me.events(BASE_INFO, {"sessionId": session.id, **me.selection()}))
    await together(asking, _erase(me, session))


async def _erase(me: Actor, session: OwnedSession) -> None:
    await asyncio.sleep(0.3)
    await me.ask("DELETE", f"{SESSIONS}/{session.id}", headers=session.headers, timeout=30)
    await me.ask("GET", f"{SESSIONS}/{session.id}", headers=session.headers)


async def stop_and_rate(me: Actor) -> None:
    """Begins an answer, rates and stops it many times, and some that do not exist, with its session and without."""
    session = uuid.uuid4().hex
    async with aclosing(me.events(BASE_INFO, {"sessionId": session, **me.selection()})) as events:
        first = await anext(events, None)
        if first is None:
            return
        known = first.id.partition("generation-")[2].rpartition(":")[0]
        for number in range(FLOOD):
            generation = f"/api/chatbot/generations/{known if number % 4 else uuid.uuid4()}"
            thought = {"sessionId": session, "thumb": me.random.choice(("up", "down")), "reason": "가" * 400}
            await me.ask("PUT", f"{generation}/feedback", json=thought)
            if number == FLOOD // 2:
                await me.ask("DELETE", f"{generation}/feedback", params={"sessionId": session})
        for query in ({}, {"sessionId": "stranger"}, {"sessionId": session}, {"sessionId": session}):
            await me.ask("POST", f"/api/chatbot/generations/{known}/stop", params=query)
