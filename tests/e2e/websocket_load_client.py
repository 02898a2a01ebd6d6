"""``python -m tests.e2e.websocket_load_client URL COUNT``: opens WebSockets at once and asks on each."""

import asyncio
import json
import sys

from websockets.asyncio.client import connect

from tests.e2e.load_client import check, selections
from tests.e2e.sse import Event
from tests.e2e.websocket import Message


async def open_connections(url: str, count: int) -> list[list[Event]]:
    """The answers of ``count`` connections that ask when all of them are open, each with its own session."""
    offered = selections(url)
    all_open = asyncio.Barrier(count)
    begin = asyncio.Semaphore(50)  # handshakes at once: what is measured are connections, not the backlog of a port

    async def one(number: int) -> list[Event]:
        async with begin:
            connection = await connect(f"{url.replace('http', 'ws', 1)}/ws/chatbot/load{number}", proxy=None)
        async with connection:
            await all_open.wait()
            await connection.send(json.dumps({"type": "recommend", **offered[number % len(offered)]}))
            events: list[Event] = []
            while not events or events[-1].name not in {"close", "error"}:
                text = await connection.recv()
                assert isinstance(text, str)
                events.append(Message(text).event)
            return events

    return await asyncio.gather(*(one(number) for number in range(count)))


def main(url: str, count: int) -> None:
    answers = asyncio.run(open_connections(url, count))
    for events in answers:
        check(events)
    sys.stdout.write(f"{len(answers)} complete\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
