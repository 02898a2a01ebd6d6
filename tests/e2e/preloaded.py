"""Starts Python programs from a process that has imported the libraries already, which takes most of a start.

    process = preloaded.start(["manage.py", "serve"], env=env, stdout=log, stderr=log)

The process that a test gets is forked, and behaves like a new one. It has the given environment and files, Python's own
signal handlers, and no thread. It imports all modules of this project itself. It shares with others that nothing but
libraries' code, and the order in which sets keep texts.

The preloading process is made when it is first needed. It ends with the process that uses it, even when that is killed,
and then kills what it started.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import connection
from pathlib import Path
from types import ModuleType
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]

LIBRARIES = (
    "autobahn.websocket.protocol",
    "bm25s",
    "channels.generic.websocket",
    "channels.routing",
    "corsheaders.middleware",
    "diff_match_patch",
    "django.contrib.admin",
    "django.core.handlers.asgi",
    "django.core.management.commands.migrate",
    "django.db.backends.sqlite3.base",
    "gripcontrol",
    "httpx",
    "json_repair",
    "langchain.chat_models",
    "langchain_openai",
    "pydantic",
    "rapidfuzz.process",
    "tablib",
    "twisted.internet.asyncioreactor",
    "twisted.internet.endpoints",
    "twisted.internet.ssl",
    "twisted.web.http",
    "uvloop",
    "whitenoise.middleware",
    "wsgiref.simple_server",
    "yaml",
)
"""Modules that take long to import. None of them reads settings, installs a reactor or starts a thread."""

_NUMBER = struct.Struct("!i")


class Process:
    """A program that was started, with as much of ``subprocess.Popen`` as tests need."""

    def __init__(self, arguments: Sequence[str], told: socket.socket) -> None:
        self.args = list(arguments)
        self.returncode: int | None = None
        self._told = told  # brings the process id, and later the exit status
        self.pid = self._read()

    def _read(self) -> int:
        told = self._told.recv(_NUMBER.size, socket.MSG_WAITALL)
        if not told:
            raise RuntimeError("the preloading process is gone")
        return int(_NUMBER.unpack(told)[0])

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.wait(timeout=0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not connection.wait([self._told], timeout):
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            with self._told:
                self.returncode = self._read()
        return self.returncode

    def send_signal(self, which: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, which)


def start(
    arguments: Sequence[str], *, env: Mapping[str, str], stdin: IO[Any], stdout: IO[Any], stderr: IO[Any]
) -> Process:
    """Starts ``python -u`` with the arguments: ``manage.py …``, ``-m module …`` or ``-c program …``."""
    return _preloader().start(arguments, env, [each.fileno() for each in (stdin, stdout, stderr)])


class _Preloader:
    """The preloading process, for one that starts programs."""

    def __init__(self) -> None:
        self._commands, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-u", "-m", "tests.e2e.preloaded", str(theirs.fileno())]
            # numpy's threads must not be there when a process is forked.
            env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
            self._process = subprocess.Popen(command, cwd=ROOT, env=env, pass_fds=[theirs.fileno()])

    def start(self, arguments: Sequence[str], env: Mapping[str, str], files: list[int]) -> Process:
        told, theirs = socket.socketpair()
        with theirs:
            command = json.dumps([list(arguments), dict(env)]).encode()
            socket.send_fds(self._commands, [_NUMBER.pack(len(command))], [*files, theirs.fileno()])
            self._commands.sendall(command)
        return Process(arguments, told)

    def close(self) -> None:
        self._commands.close()
        self._process.wait()


@functools.cache
def _preloader() -> _Preloader:
    preloader = _Preloader()
    atexit.register(preloader.close)
    return preloader


class _Started:
    """In the preloading process: the running programs, and the pipes for their exit statuses."""

    def __init__(self) -> None:
        self._told: dict[int, socket.socket] = {}

    def add(self, pid: int, told: socket.socket) -> None:
        self._told[pid] = told
        told.sendall(_NUMBER.pack(pid))

    def tell_ends(self, options: int = os.WNOHANG) -> None:
        with suppress(ChildProcessError):  # none is left
            while (ended := os.waitpid(-1, options))[0]:
                pid, status = ended
                with self._told.pop(pid) as told, suppress(OSError):  # nobody may want to know
                    told.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))

    def kill(self) -> None:
        for pid in self._told:
            os.kill(pid, signal.SIGKILL)
        self.tell_ends(options=0)

    def forget(self) -> None:
        """In one of those that were started."""
        for told in self._told.values():
            told.close()


class _Forking:
    """In the preloading process: forks for each command until no more will come."""

    def __init__(self, commands: socket.socket) -> None:
        self._commands = commands
        self._started = _Started()
        self._child_ended, self._wake_up = socket.socketpair()
        for each in (self._child_ended, self._wake_up):
            each.setblocking(False)
        signal.set_wakeup_fd(self._wake_up.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for pytest, which still has to stop its servers

    def arguments(self) -> list[str] | None:
        """Returns a command's arguments in the process that shall run it, and None when no more will come."""
        while True:
            readable, _, _ = select.select([self._commands, self._child_ended], [], [])
            if self._child_ended in readable:
                self._child_ended.recv(4096)
                self._started.tell_ends()
            if self._commands in readable:
                size, files, _, _ = socket.recv_fds(self._commands, _NUMBER.size, 4)
                if not size:
                    self._started.kill()
                    return None
                arguments, env = json.loads(self._commands.recv(_NUMBER.unpack(size)[0], socket.MSG_WAITALL))
                told = socket.socket(fileno=files.pop())
                if (pid := os.fork()) == 0:
                    told.close()
                    self._become_new(files, env)
                    return list(arguments)
                self._started.add(pid, told)
                for each in files:
                    os.close(each)

    def _become_new(self, files: list[int], env: dict[str, str]) -> None:
        """In a forked process: removes everything that the preloading process has, and a new process would not have."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for each in (self._commands, self._child_ended, self._wake_up):
            each.close()
        self._started.forget()
        for number, descriptor in enumerate(files):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(env)


def _run(arguments: list[str]) -> None:
    """As Python does with these arguments."""
    match arguments:
        case ["-c", program, *rest]:
            sys.argv = ["-c", *rest]
            main = sys.modules["__main__"] = ModuleType("__main__")
            exec(compile(program, "<string>", "exec"), vars(main))  # noqa: S102  our own
        case ["-m", module, *rest]:
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [path, *_]:
            sys.argv = arguments
            runpy.run_path(path, run_name="__main__")


def main() -> None:
    """In the preloading process, and then in each that it forks."""
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as commands:
        arguments = _Forking(commands).arguments()
    if arguments is not None:
        _run(arguments)


if __name__ == "__main__":
    main()
