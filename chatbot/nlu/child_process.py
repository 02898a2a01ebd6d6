"""A process of ours that answers over a pipe, with a bound on every wait for it.

It is started as ``python -m chatbot.nlu.child_process MODULE FD``: the module's ``serve`` gets its end of the
pipe. multiprocessing's own processes are waited for when the interpreter ends, also one that is stopped.
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
"""How often it is asked whether a process that owes an answer is stopped."""

IDLE_SECONDS = 1.5
"""How long a process that owes an answer may do nothing at all."""

PIPE_SECONDS = 1
"""How long a single write to a process that is not hung, or the rest of an answer that has begun, may take."""


class ProcessGone(Exception):
    """The process has ended, or did not answer in time and was killed: another one has to be made."""


class ChildProcess:
    """One process. Its methods block; they are called from one thread at a time, but ``kill`` from any.

    A process that is stopped, or does not answer in time, is killed (SIGKILL, which also ends one that is stopped). It
    is killed as well when the object is no longer used, and when this process ends.
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
        self.kill = weakref.finalize(self, _end, self._process)  # also at the interpreter's end

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self.kill.alive and self._process.poll() is None

    def send(self, message: object) -> None:
        """Raises ProcessGone."""
        try:
            self._connection.send(message)
        except OSError as error:
            self._give_up(error)

    def send_bytes(self, data: bytes) -> None:
        """The same, without pickling."""
        try:
            self._connection.send_bytes(data)
        except OSError as error:
            self._give_up(error)

    def receive(self, *, within: float) -> Any:
        """The next answer. Raises ProcessGone, also when none has begun within so many seconds, or the process has done
        nothing at all for IDLE_SECONDS."""
        self._await_answer(within)
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            self._give_up(error)

    def receive_bytes(self, *, within: float) -> bytes:
        """The same for what was sent as bytes."""
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
        """The process's processor time in seconds, always 0 where the system does not tell: a busy machine's processes
        are slow, not hung."""
        try:
            return time.clock_gettime(~self.pid << 3 | 2)  # Linux: as clock_getcpuclockid(3) says
        except OSError:
            return 0.0

    @property
    def is_stopped(self) -> bool:
        """Whether a signal has stopped it, so that it will not answer however long anybody waits. Does not block."""
        try:
            return os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # it has ended, which the pipe will tell
            return False

    def _give_up(self, error: BaseException) -> NoReturn:
        self.kill()
        raise ProcessGone from error


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Nothing can keep a process from SIGKILL; what is left of it is gone within moments."""
    process.kill()
    process.wait(timeout=10)


def main(module: str, descriptor: str) -> None:
    """In the new process: answers until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the server
    connection = Connection(int(descriptor))
    try:
        importlib.import_module(module).serve(connection)
    except (EOFError, OSError):
        return


if __name__ == "__main__":
    main(*sys.argv[1:])
