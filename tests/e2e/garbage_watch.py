"""Counts what a real server leaves to the garbage collector: objects in reference cycles.

    with RunningServer(before=garbage_watch.BEFORE, env={"GARBAGE_WATCH": str(path)}) as server:
        watch = GarbageWatch(server, path)

The server then collects only when it is told to.
"""

import gc
import json
import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.e2e.server import RunningServer

BEFORE = "from tests.e2e import garbage_watch; garbage_watch.install()"
WAIT_SECONDS = 30


class GarbageWatch:
    def __init__(self, server: RunningServer, file: Path) -> None:
        self._server = server
        self._file = file

    def collect(self) -> Counter[str]:
        """Waits until no request and no generation runs, then collects garbage. Returns the found objects by type."""
        found: Counter[str] = Counter()
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            look = self._look()
            found.update(look["found"])
            if not look["busy"]:
                return found
            time.sleep(0.1)
        raise AssertionError(f"still in the server: {look['busy']}")

    def _look(self) -> dict[str, Any]:
        before = len(self._told())
        os.kill(self._server.pid, signal.SIGUSR1)
        deadline = time.monotonic() + WAIT_SECONDS
        while len(told := self._told()) == before:
            assert time.monotonic() < deadline, self._server.output
            time.sleep(0.01)
        look: dict[str, Any] = json.loads(told[-1])
        return look

    def _told(self) -> list[str]:
        return [each for each in self._lines() if each.endswith("\n")]

    def _lines(self) -> list[str]:
        return self._file.read_text("utf-8").splitlines(keepends=True) if self._file.exists() else []


def install() -> None:
    """Runs in the server's process: on SIGUSR1 it collects garbage, and reports the found objects and unfinished
    work."""
    gc.disable()
    file = Path(os.environ["GARBAGE_WATCH"])
    signal.signal(signal.SIGUSR1, lambda *_: _tell(file))


def _tell(file: Path) -> None:
    from chatbot.generation.local import LocalGeneration
    from chatbot.server.http_channel import Request

    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    found = Counter(type(each).__qualname__ for each in gc.garbage)
    gc.garbage.clear()
    gc.collect()
    busy = Counter(type(each).__name__ for each in gc.get_objects() if isinstance(each, (LocalGeneration, Request)))
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({"found": found, "busy": busy}) + "\n")
