"""An application without Django, run by our server, that does what Django's should not: ``python -m`` this.

It prints its port. ``/breaks`` fails after the first byte, ``/kept`` tells how many requests the server keeps,
``/stops`` says so, holds the event loop until it is given a line, and then takes no new connections.
"""

import sys
from typing import Any

from chatbot.server.daphne import Server


async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    async def say(body: bytes, *, more: bool = False) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body, "more_body": more})

    match scope["path"]:
        case "/breaks":
            await say(b"begun", more=True)
            raise ArithmeticError("behind the first byte")
        case "/kept":
            await say(str(len(server.connections)).encode())
        case "/stops":
            print("holds", flush=True)
            sys.stdin.readline()  # no new connection is accepted meanwhile
            server.stop_listening()
            await say(b"stopped")
        case _:
            await say(b"answered")


async def drain(server: Server) -> None:
    pass


server = Server(drain=drain, application=answer, endpoints=["tcp:port=0:interface=127.0.0.1"])


def tell_port() -> None:
    print(server.listening_addresses[0][1], flush=True)


if __name__ == "__main__":
    from twisted.internet import reactor

    reactor.callWhenRunning(tell_port)
    server.run()
