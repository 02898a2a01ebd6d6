"""A child process that answers over a pipe. Every wait for it has a time limit.

It is started as ``python -m chatbot.nlu.child_process MODULE FD``: the module's ``serve`` gets its end of the pipe. A
process of ``multiprocessing`` is not used, because the interpreter waits for it at its end, even if it is stopped.
"""

import importlib
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import weakref
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parents[2]

LOOK_SECONDS = 0.1
"""How often a process from which an answer is expected is checked for being stopped."""

IDLE_SECONDS = 1.5
"""How long a process from which an answer is expected may use no processor time."""

PIPE_SECONDS = 1
"""The time limit for a single write, and for the rest of an answer that has begun."""


class ProcessGone(Exception):
    """The process has ended, or did not answer in time and was killed. Another one has to be created."""


class ChildProcess:
    """One child process. Its methods block. Call them from one thread at a time; only ``kill`` may be called from any.

    A process that is stopped by a signal, or does not answer in time, is killed (SIGKILL also ends a stopped process).
    It is also killed when this object is no longer used, and when this process ends.
    """

    def __init__(self, module: str) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "chatbot.nlu.child_process", module, str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and modules
                command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        for bound in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            ours.setsockopt(socket.SOL_SOCKET, bound, struct.pack("ll", PIPE_SECONDS, 0))
        self._connection = Connection(ours.detach())
        self.kill = weakref.finalize(self, _end, self._process)  # also called at the end of the interpreter

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self.kill.alive and self._process.poll() is None

    def send(self, message: object) -> None:
        """Sends a message. Raises ProcessGone."""
        try:
            self._connection.send(message)
        except OSError as error:
            self._give_up(error)

    def send_bytes(self, data: bytes) -> None:
        """Sends bytes, without pickling. Raises ProcessGone."""
        try:
            self._connection.send_bytes(data)
        except OSError as error:
            self._give_up(error)

    def receive(self, *, within: float) -> Any:
        """Waits for the next answer. Raises ProcessGone.

        It also does so when no answer has begun ``within`` seconds, or the process was idle for IDLE_SECONDS.
        """
        self._await_answer(within)
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            self._give_up(error)

    def receive_bytes(self, *, within: float) -> bytes:
        """As ``receive``, for an answer that was sent as bytes."""
        self._await_answer(within)
        try:
            return self._connection.recv_bytes()
        except (EOFError, OSError) as error:
            self._give_up(error)

    def _await_answer(self, within: float) -> None:
        now = worked_at = time.monotonic()
        deadline, work = now + within, self._work_done()
        try:
            while not self._connection.poll(max(0.0, min(LOOK_SECONDS, deadline - now))):
                now = time.monotonic()
                if (done := self._work_done()) != work:
                    work, worked_at = done, now
                if now >= deadline or now - worked_at >= IDLE_SECONDS or self.is_stopped:
                    raise TimeoutError("it does not answer")
        except OSError as error:  # as a TimeoutError is
            self._give_up(error)

    def _work_done(self) -> float:
        """The processor time of the process in seconds; 0 if the system does not tell.

        It distinguishes a slow process on a busy machine from one that hangs.
        """
        try:
            return time.clock_gettime(~self.pid << 3 | 2)  # the clock id of Linux, see clock_getcpuclockid(3)
        except OSError:
            return 0.0

    @property
    def is_stopped(self) -> bool:
        """Whether a signal has stopped the process, so that it cannot answer. Does not block."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # the process has ended, which reading the pipe will report
            return False

    def _give_up(self, error: BaseException) -> NoReturn:
        self.kill()
        raise ProcessGone from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kills the process. A process cannot ignore SIGKILL, so it ends within moments."""
    process.kill()
    process.wait(timeout=10)


def main(module: str, descriptor: str) -> None:
    """Runs in the new process: answers until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for the server only
    connection = Connection(int(descriptor))
    try:
        importlib.import_module(module).serve(connection)
    except (EOFError, OSError):
        return


if __name__ == "__main__":
    main(*sys.argv[1:])
