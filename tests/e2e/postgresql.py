"""A PostgreSQL server for one test, which can stop, kill and freeze it."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

START_SECONDS = 30


def programs() -> Path | None:
    """The directory of PostgreSQL's programs, of the newest version there is; Debian keeps it out of the path."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((found.parent for found in versions), key=lambda each: float(each.parent.name), default=None)


class Cluster:
    """``with Cluster() as cluster: … cluster.url("leafresh")``. Runs on a free loopback port, as the user ``postgres``
    when the tests run as root, whom PostgreSQL refuses."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None, "PostgreSQL's programs are needed"
        self._programs = found
        self._directory = Path(tempfile.mkdtemp(prefix="leafresh-test-postgresql-"))
        self._user = "postgres" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        if self._user is not None:
            os.chown(self._directory, pwd.getpwnam(self._user).pw_uid, -1)
        data = ("-D", str(self._directory / "data"), "-U", "postgres", "--auth=trust", "--encoding=UTF8")
        self._run("initdb", *data, "--no-sync", "--locale=C.UTF-8").wait(START_SECONDS)

    def url(self, name: str = "postgres") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Returns when it answers."""
        arguments = ("-D", str(self._directory / "data"), "-p", str(self.port), "-h", "127.0.0.1", "-F")
        self._process = self._run("postgres", *arguments, "-k", str(self._directory))
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """Kills it as in a crash. Committed data is there after the next start."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(START_SECONDS)
        psutil.wait_procs(children, timeout=START_SECONDS)

    def freeze(self) -> None:
        """Freezes all its processes. Its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        import psycopg  # here: the embedded default needs no driver

        # isort: split
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def connections(self, database: str) -> int:
        """How many clients the database has."""
        counted = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'"
        return int(self.sql(counted)[0][0])

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        postmaster = psutil.Process(self._process.pid)
        postmaster.send_signal(number)  # first of all: it makes no further process from here
        for child in postmaster.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.send_signal(number)

    def _answers(self) -> bool:
        return (
            subprocess.run(
                [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
            ).returncode
            == 0
        )

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._directory / f"{program}.log").open("ab") as log:
            command = [str(self._programs / program), *arguments]
            return subprocess.Popen(command, cwd="/", user=self._user, stdout=log, stderr=log)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)
