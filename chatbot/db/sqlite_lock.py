"""One server at a time on a SQLite database, where no Redis tells several of each other: the second would take what the
first is writing for what a dead process left, and mark it as interrupted."""

import fcntl
import os
from pathlib import Path


class AlreadyServed(Exception):
    """Another process serves the database. ``pid`` is 0 when it is not known."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


class DatabaseLock:
    """Held by a process from ``take`` on until it ends, however it ends: the system lets go."""

    def __init__(self, database: Path) -> None:
        # Beside the database, not on it: closing any handle of the database's own file would drop SQLite's locks.
        self._file = database.with_name(f"{database.name}.lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises AlreadyServed. A file system that has no locks is no reason not to start."""
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return  # SQLite will say what is wrong with the directory
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 20)
            os.close(descriptor)
            raise AlreadyServed(int(pid) if pid.strip().isdigit() else 0) from None
        except OSError:
            os.close(descriptor)
            return
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
