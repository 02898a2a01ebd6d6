"""The benchmark's processes, each on a free loopback port, and their data directories."""

import atexit
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0
COMMANDS = ("setup",)
"""They prepare a database."""

_LISTENS = re.compile(r"(?:listens on \S+ port |running on http://127\.0\.0\.1:)(\d+)")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without settings that would change the measurement, and with ``more``."""
    unwanted = ("LEAFRESH_", "DATABASE_URL", "OPENAI_", "LANGSMITH_", "LANGCHAIN_", "DJANGO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1", **more}


class Listener:
    """``with Listener(arguments, env) as running: … running.port``: a Python process that prints its port."""

    def __init__(self, arguments: Sequence[str], env: dict[str, str]) -> None:
        self.port = 0
        self._arguments, self._env = arguments, env
        self._directory = Path(tempfile.mkdtemp(prefix="leafresh-bench-"))
        self._log = self._directory / "output.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """All that the process has printed."""
        return self._log.read_text("utf-8")

    def __enter__(self) -> Self:
        began = time.monotonic()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-u", *self._arguments],
                cwd=ROOT,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self.port = self._await_port(began + START_SECONDS)
        except BaseException:
            self._end()
            raise
        return self

    def _await_port(self, deadline: float) -> int:
        assert self._process is not None
        while (found := _LISTENS.search(self.output)) is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(self._arguments)} did not start:\n{self.output}")
            time.sleep(0.01)
        return int(found[1])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)


def _temporary_directory() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="leafresh-bench-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@functools.cache
def prepared_data() -> Path:
    """A data directory with a migrated database, the catalogue and the prompts. Servers get copies of it."""
    directory = _temporary_directory()
    for command in COMMANDS:
        run_python(["manage.py", command], clean_environment(LEAFRESH_DATA_DIR=str(directory)))
    return directory


@functools.cache
def enlarged_data(categories: int, challenges: int) -> Path:
    """``prepared_data`` with further categories and challenges, until there are so many (0 adds none)."""
    directory = copy_of(prepared_data())
    program = f"from benchmarks.catalogue import enlarge; enlarge({categories}, {challenges})"
    run_python(["manage.py", "shell", "--command", program], clean_environment(LEAFRESH_DATA_DIR=str(directory)))
    return directory


def copy_of(data: Path) -> Path:
    """A copy that is removed when the benchmark ends."""
    directory = _temporary_directory()
    shutil.copytree(data, directory, dirs_exist_ok=True)
    return directory


def run_python(arguments: Sequence[str], env: dict[str, str]) -> None:
    """Runs Python to its end. Raises RuntimeError with its errors when it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
