"""Hostile clients that connect again and again: EventSource, WebSocket, and the admin's login."""

import json
import uuid
from contextlib import aclosing

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.e2e.hostile.actor import Actor
from tests.e2e.sse import BASE_INFO

RECONNECTS = 10
READ_EVENTS = 3
LOGINS = 5


async def reconnect_at_once(me: Actor) -> None:
    """An EventSource that breaks off after a few events and reconnects without any pause: with its cursor, with one
    that is made up, and without one."""
    query = {"sessionId": uuid.uuid4().hex, **me.selection()}
    cursor = ""
    for number in range(RECONNECTS):
        cursors = (cursor, cursor, f"generation-{uuid.uuid4()}:3", "")
        sent = cursors[number % len(cursors)]
        headers = {"Last-Event-ID": sent} if sent else {}
        read = 0
        async with aclosing(me.events(BASE_INFO, query, headers)) as events:
            async for event in events:
                read += 1
                if event.id:
                    cursor = event.id
                if read >= READ_EVENTS:
                    me.note("broken off")
                    break


async def open_and_close(me: Actor) -> None:
    """WebSockets that are opened and dropped, some after a question, some after a flood of them."""
    address = f"{me.url.replace('http', 'ws', 1)}/ws/chatbot/{uuid.uuid4().hex}"
    try:
        async with connect(address, proxy=None, local_addr=(me.address, 0), close_timeout=1) as socket:
            questions = me.random.choice((0, 0, 1, 30))
            for _ in range(questions):
                await socket.send(json.dumps({"type": "recommend", **me.selection()}))
            if questions and me.random.random() < 0.5:
                await socket.recv()
                socket.transport.abort()
                me.note("broken off")
                return
    except (WebSocketException, EOFError) as error:
        me.note(type(error).__name__)
    else:
        me.note("opened")


async def log_in(me: Actor) -> None:
    """Wrong passwords at the admin, for one account and for many."""
    page = await me.ask("GET", "/admin/login/")
    token = me.http.cookies.get("csrftoken", "") if page.status_code == 200 else ""
    for number in range(LOGINS):
        account = "admin" if number % 2 else f"user{me.random.randint(1, 1000)}"
        form = {"username": account, "password": uuid.uuid4().hex, "csrfmiddlewaretoken": token}
        response = await me.http.post(f"{me.url}/admin/login/", data=form, headers={"Referer": f"{me.url}/admin/"})
        refused = "wrong password" if response.status_code == 200 else str(response.status_code)
        me.note(refused)
