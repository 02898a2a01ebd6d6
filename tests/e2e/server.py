"""A real server for tests: `manage.py serve` in another process, on a free loopback port."""

import atexit
import fcntl
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.e2e import databases, preloaded

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60

_SETTINGS = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'leafresh.settings'"
_MANAGE = "import sys; sys.argv[0] = 'manage.py'; import manage; manage.main()"

TEMPLATE = "LEAFRESH_TEST_TEMPLATE"
"""The environment variable that names the directory in which a test run prepares its database."""

OF_TESTS = {
    "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "0",
    "LEAFRESH_DRAIN_SECONDS": "0",
    "LEAFRESH_ANALYSER": "lazy",  # seconds and half a gigabyte for each server that is asked for no message
    "LEAFRESH_ANALYSER_SECONDS": "60",  # what is understood does not depend on how fast the machine is
    "LEAFRESH_SESSION_RATE": "off",  # tests ask faster than people, and all from one address
    "LEAFRESH_ADDRESS_RATE": "off",
}
"""The settings of the tests' servers that differ from an installation."""


def environment(data_dir: Path, env: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LEAFRESH_", "DATABASE_URL"))}
    redis = {"REDIS_URL": os.environ["TEST_REDIS_URL"]} if os.environ.get("TEST_REDIS_URL") else {}
    database = {} if "DATABASE_URL" in env else databases.environment_of(data_dir)
    return {**kept, "LEAFRESH_DATA_DIR": str(data_dir), **OF_TESTS, **redis, **database, **env}


def manage(data_dir: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """Runs a management command on the data directory and returns what it printed."""
    return _run(["manage.py", *arguments], data_dir, env or {})


def run_python(data_dir: Path, *arguments: str, stdin: str = "") -> str:
    """Runs Python with the settings of the data directory's server, and returns what it printed."""
    return _run(arguments, data_dir, {}, stdin)


def _run(arguments: Sequence[str], data_dir: Path, env: dict[str, str], stdin: str = "") -> str:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
        given.write(stdin.encode())
        files = {"stdin": given, "stdout": printed, "stderr": errors}
        for each in files.values():
            each.seek(0)
        status = preloaded.start(arguments, env=environment(data_dir, env), **files).wait()
        for each in (printed, errors):
            each.seek(0)
        output, complaint = printed.read().decode(), errors.read().decode()
    if status:
        raise subprocess.CalledProcessError(status, arguments, output, complaint)
    return output


@functools.cache
def prepared_data() -> Path:
    """A migrated database with the catalogue and the prompts; copied for each server.

    The first process that asks makes it. All processes of one test run share it when ``TEMPLATE`` names a directory.
    """
    if TEMPLATE in os.environ:
        shared = Path(os.environ[TEMPLATE])
        with (shared / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (shared / "ready").exists():
                (shared / "begun").mkdir()
                prepare(shared / "begun")
                (shared / "begun").rename(shared / "ready")
        return shared / "ready"
    directory = Path(tempfile.mkdtemp(prefix="leafresh-test-"))
    atexit.register(databases.remove_data, directory)
    prepare(directory)
    return directory


def share_prepared_data() -> None:
    """From now on this process and its children use one prepared database, until ``remove_prepared_data``."""
    os.environ[TEMPLATE] = tempfile.mkdtemp(prefix="leafresh-test-")


def remove_prepared_data() -> None:
    shared = Path(os.environ.pop(TEMPLATE))
    databases.remove_data(shared / "ready")
    shutil.rmtree(shared)


def prepare(directory: Path, env: dict[str, str] | None = None) -> None:
    """Migrates the directory's database and loads the catalogue and the prompts."""
    program = "import django; django.setup(); from django.core.management import call_command; call_command('setup')"
    settings = {"DJANGO_SETTINGS_MODULE": "leafresh.settings", **(env or {})}
    command = [sys.executable, "-c", program]  # once in a test run: preloading would not pay
    subprocess.run(command, cwd=ROOT, env=environment(directory, settings), capture_output=True, check=True)


class RunningServer:
    """``with RunningServer(env={"LEAFRESH_ABANDON_SECONDS": "1"}) as server: … server.url``.

    ``data_dir`` continues on an earlier server's data; ``port`` takes a certain port instead of any free one; a
    ``DATABASE_URL`` in ``env`` names a database that is ready. With
    ``TEST_REDIS_URL`` in the environment of the test run, each server has its own keys there. ``before`` is Python
    that the process runs first, such as one that lowers a bound. The process has its libraries already
    (``preloaded``) unless it is a ``fresh`` one, as an installation's.
    """

    def __init__(
        self,
        *,
        env: dict[str, str] | None = None,
        data_dir: Path | None = None,
        port: int = 0,
        before: str = "",
        fresh: bool = False,
    ) -> None:
        self._env = {"LEAFRESH_REDIS_PREFIX": f"leafresh-test-{uuid.uuid4().hex[:16]}", **(env or {})}
        self._own_data = data_dir is None
        self.data_dir = data_dir or Path(tempfile.mkdtemp(prefix="leafresh-test-"))
        self.port = port
        self._program = ["-c", f"{_SETTINGS}; {before}; {_MANAGE}"] if before else ["manage.py"]
        self._fresh = fresh
        self.process: subprocess.Popen[bytes] | preloaded.Process | None = None
        self._log = self.data_dir / f"server-{uuid.uuid4().hex}.log"  # several may share the data

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def output(self) -> str:
        """What the server printed so far."""
        return self._log.read_text("utf-8") if self._log.exists() else ""

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Runs one statement on the server's database and returns the rows, if it has any."""
        return databases.sql(self.data_dir, statement)

    def start(self) -> Self:
        if "DATABASE_URL" not in self._env and not databases.has_database(self.data_dir):
            databases.copy_data(prepared_data(), self.data_dir)
        command = [*self._program, "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        env = environment(self.data_dir, self._env)
        # Its output is a file: a full pipe would stop the server.
        with self._log.open("w") as log, Path(os.devnull).open() as nothing:
            if self._fresh:
                command = [sys.executable, "-u", *command]
                self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=nothing, stdout=log, stderr=log)
            else:
                self.process = preloaded.start(command, env=env, stdin=nothing, stdout=log, stderr=log)
        self._await_address()
        return self

    def _await_address(self) -> None:
        """Waits for the line with its address."""
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"listens on \S+ port (\d+)", self.output):
                self.port = int(found[1])
                return
            time.sleep(0.05)
        self.stop(signal.SIGKILL)
        raise RuntimeError(f"the server did not start:\n{self.output}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends the process and returns its exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(timeout=30)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.process is not None and self.process.poll() is None:
                self.stop()
        finally:
            if self._own_data:
                databases.remove_data(self.data_dir)
