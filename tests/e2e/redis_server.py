"""A Redis server for one test, which can stop it, restart it empty, and freeze it."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.nginx import await_port, free_port

RIGHTS = "+@all -@admin -@dangerous +info"
"""What docs/operating.md says that a user of Redis needs: the servers of tests have no more."""

EXECUTABLE = shutil.which("redis-server")


class RunningRedis:
    """``with RunningRedis() as redis: … redis.url``. It keeps nothing on disk."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://leafresh:tested@127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        assert EXECUTABLE is not None
        command = [EXECUTABLE, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command += ["--user", "leafresh", "on", ">tested", "~*", "&*", *RIGHTS.split()]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await_port(self._process, self.port, Path(os.devnull))
        return self

    def stop(self) -> None:
        """Ends it at once. Its data is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        """Freezes it: it accepts connections, but does not answer."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    __enter__ = start

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
