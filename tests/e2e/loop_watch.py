"""Watches the event loop of a real server: which of its steps hold it, by work or by waiting, and where.

    with RunningServer(before=loop_watch.BEFORE, env={"LOOP_WATCH": str(path)}) as server: …

The server then runs on asyncio's own loop, whose steps (``Handle._run``) can be measured; uvloop's cannot. A step's
time is what it worked (the thread's processor time) or what it waited for others: the time that went by, less its work,
less the time in which it was ready to run and other processes had the processors (``schedstat``). So a busy machine
does not count. Without ``schedstat`` that last part cannot be told, and only work counts.

A wait counts only where the watching thread saw it: a wait for a lock, a pipe or another process lets other threads go
on. While the loop waits for the interpreter's own lock, whose holder has no processor, the watching thread waits, too.
"""

import asyncio
import json
import os
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BEFORE = "from tests.e2e import loop_watch; loop_watch.install()"

HELD_SECONDS = 0.05
LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Holding:
    """A step that held the loop: seconds that it worked, that it waited, and where it was."""

    worked: float
    waited: float
    where: str


def holdings(file: Path) -> list[Holding]:
    """What was written so far."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    return [Holding(**json.loads(line)) for line in lines]


class Watch:
    """Measures the steps of the thread that runs the loop. Another thread looks where long ones are."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._thread = 0
        self._began: float | None = None
        self._where = ""
        self._statistics = -1
        threading.Thread(target=self._look, daemon=True, name="loop-watch").start()

    def run(self, step: Any, handle: Any) -> None:
        if not self._thread:
            self._thread = threading.get_ident()
            path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
            self._statistics = os.open(path, os.O_RDONLY) if os.path.exists(path) else -1  # noqa: PTH110  once
        if self._thread != threading.get_ident() or self._began is not None:
            step(handle)
            return
        ready, worked, began = self._ready(), time.thread_time(), time.monotonic()
        self._where, self._began = "", began
        try:
            step(handle)
        finally:
            self._began = None
            gone, worked = time.monotonic() - began, time.thread_time() - worked
            waited = gone - worked - (self._ready() - ready) if self._statistics >= 0 else 0.0
            if worked > HELD_SECONDS or (waited > HELD_SECONDS and self._where):
                self._tell(Holding(round(worked, 3), round(waited, 3), self._where or repr(handle)))

    def _ready(self) -> float:
        """Seconds in which the thread could have run, and others did."""
        return int(os.pread(self._statistics, 100, 0).split()[1]) / 1e9 if self._statistics >= 0 else 0.0

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            began = self._began
            if began is not None and not self._where and time.monotonic() - began > HELD_SECONDS:
                frame = sys._current_frames().get(self._thread)
                if frame is not None and self._began == began:
                    steps = [each for each in traceback.format_stack(frame) if "<frozen importlib" not in each]
                    self._where = "".join(steps[-20:])

    def _tell(self, holding: Holding) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            print(json.dumps(holding.__dict__), file=file)


def install() -> None:
    """In the server's process, before anything of it is imported."""
    from twisted.internet import asyncioreactor

    watch, step = Watch(Path(os.environ["LOOP_WATCH"])), asyncio.Handle._run
    setattr(asyncio.Handle, "_run", lambda handle: watch.run(step, handle))  # noqa: B010  mypy allows no other way
    asyncioreactor.install(asyncio.SelectorEventLoop())  # type: ignore[no-untyped-call]  # twisted types it not
