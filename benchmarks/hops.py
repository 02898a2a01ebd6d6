"""The number of project modules that a request passes: ``python -m benchmarks.hops`` lists them, in the order of their
use.

Counts from the request's view in ``chatbot.api`` to the first byte of its stream, with the embedded provider, with a
separate database. Code that runs when a module is imported does not count. The second request of a process counts: the
first one fills caches.
"""

import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parent.parent
PACKAGES = ("chatbot", "challenges", "leafresh")
QUERY = "location=city&workType=office&category=VEGAN"
FIRST = "chatbot.api.recommendation"
IMPORTED = "<module>"


class Trace:
    """Notes which of our modules execute a frame while it is on, from the first one of ``FIRST``."""

    def __init__(self) -> None:
        self.modules: list[str] = []
        self.is_on = False

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        if not self.is_on or event != "call":
            return
        name = _module(frame.f_code)
        if name and frame.f_code.co_name != IMPORTED and name not in self.modules and (self.modules or name == FIRST):
            self.modules.append(name)


def _module(code: CodeType) -> str:
    try:
        path = Path(code.co_filename).relative_to(ROOT)
    except ValueError:
        return ""
    return ".".join(path.with_suffix("").parts) if path.parts[0] in PACKAGES else ""


async def _first_byte(application: Any, trace: Trace) -> None:
    """One GET, which is given up at the first byte of its body."""
    arrived = asyncio.Event()
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/api/chatbot/recommendation/base-info",
        "query_string": QUERY.encode(),
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
    }
    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if requests:
            return requests.pop()
        await arrived.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            trace.is_on = False
            arrived.set()

    trace.is_on = True
    await application(scope, receive, send)


async def _traced(application: Callable[..., Awaitable[None]], trace: Trace) -> None:
    for _ in range(2):
        await asyncio.sleep(1)  # what the request before left running has ended
        trace.modules.clear()
        await _first_byte(application, trace)


def modules() -> list[str]:
    """The modules that a GET of a selection crosses. Call it once, in a separate process."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ["DATABASE_URL"] = f"sqlite:///{directory}/db.sqlite3"
        os.environ["LEAFRESH_CATALOG_TOKEN_DELAY_MS"] = "0"  # noqa: S105  milliseconds
        os.environ.pop("REDIS_URL", None)
        from django.core.management import call_command

        import leafresh.asgi as entry  # it reads the environment

        call_command("setup", verbosity=0, stdout=open(os.devnull, "w"))  # noqa: SIM115, PTH123  until the process ends
        trace = Trace()
        threading.setprofile(trace)
        sys.setprofile(trace)
        try:
            asyncio.run(_traced(entry.application, trace))
        finally:
            sys.setprofile(None)
        return trace.modules


if __name__ == "__main__":
    found = modules()
    print("\n".join(found))
    print(len(found), "modules")
