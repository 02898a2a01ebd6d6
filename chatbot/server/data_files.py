"""The server's data files: they are private to its user, and only one server uses a database at a time."""

import fcntl
import os
import stat
from pathlib import Path
from typing import Any

_OTHERS = 0o077
"""The permission bits of the group and of all other users."""


def keep_private(path: Path) -> None:
    """Removes other users' permissions from a file or directory. Never raises.

    It does not change a path of another user, a shared directory such as ``/tmp``, or the user's home directory.
    """
    try:
        found = path.stat()
        is_shared = bool(found.st_mode & stat.S_ISVTX)
        if found.st_mode & _OTHERS and found.st_uid == os.geteuid() and not is_shared and path != Path.home():
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except OSError:
        pass  # the file does not exist, or the file system has no permissions


def readable_by_others(*paths: Path) -> list[Path]:
    """The paths that every user of the machine may read."""
    return [path for path in paths if path.exists() and path.stat().st_mode & stat.S_IROTH]


def keep_database_private(sender: Any, connection: Any, **_signal: Any) -> None:
    """A receiver of the signal ``connection_created``: SQLite may have just created the database's files."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not name.startswith((":", "file:")):
        for suffix in ("", "-wal", "-shm", "-journal"):
            keep_private(Path(name + suffix))


class AlreadyServed(Exception):
    """Another process uses the database. ``pid`` is its process id; 0 means unknown."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


class DatabaseLock:
    """A lock for the SQLite database of a server. The operating system releases it when the process ends.

    Without Redis, two servers on one database would mark each other's running generations as interrupted.
    """

    def __init__(self, database: Path) -> None:
        # A separate file: closing a handle of the database's file would release SQLite's locks.
        self._file = database.with_name(f"{database.name}.lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Takes the lock. Raises AlreadyServed. On a file system without locks it does nothing."""
        try:
            descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return  # SQLite will report the problem with the directory
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
