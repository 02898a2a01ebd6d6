"""Stops the analyser process with a signal, and observes how the server reacts."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

HANG_EVERY_SECONDS = 30.0
THAW_SECONDS = 15.0
"""When the server has not ended the process by then, it continues: the load must show what else happens."""


def analysers(pid: int) -> list[psutil.Process]:
    """The server's child processes but for multiprocessing's own."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if "resource_tracker" not in " ".join(child.cmdline()):
                    found.append(child)
    return found


@dataclass(slots=True)
class Hangs:
    """``seconds`` that each hung process lived until the server ended it; ``thawed`` counts those that it did not."""

    seconds: list[float] = field(default_factory=list)
    thawed: int = 0

    async def go_on(self, pids: Sequence[int], every: float) -> None:
        """Stops the analysers of all servers again and again until it is cancelled. None stays stopped at the end."""
        while True:
            await asyncio.sleep(every)
            hung = [each for pid in pids for each in stop_all(pid)]
            try:
                await asyncio.gather(*(self._watch(process) for process in hung))
            finally:
                for process in hung:
                    resume(process)

    async def _watch(self, process: psutil.Process) -> None:
        began = time.monotonic()
        while time.monotonic() < began + THAW_SECONDS:
            if not _lives(process):
                self.seconds.append(time.monotonic() - began)
                return
            await asyncio.sleep(0.05)
        self.thawed += 1


def stop_all(pid: int) -> list[psutil.Process]:
    """Stops the server's analysers and returns them."""
    stopped = []
    for process in analysers(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGSTOP)
            stopped.append(process)
    return stopped


def resume(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGCONT)


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
