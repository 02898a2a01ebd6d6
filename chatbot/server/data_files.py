"""The files that the server keeps, such as conversations and keys: private to its user, for one server at a time."""

import fcntl
import os
import stat
from pathlib import Path
from typing import Any

_OTHERS = 0o077
"""The permissions of the group and of all other users."""


def keep_private(path: Path) -> None:
    """Removes other users' permissions from a file or directory. Raises nothing.

    A path of another user, a shared directory such as ``/tmp`` and the user's home stay as they are.
    """
    try:
        found = path.stat()
        is_shared = bool(found.st_mode & stat.S_ISVTX)
        if found.st_mode & _OTHERS and found.st_uid == os.geteuid() and not is_shared and path != Path.home():
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except OSError:
        pass  # there is no such file, or the file system has no permissions


def readable_by_others(*paths: Path) -> list[Path]:
    """The paths that every user of the machine may read."""
    return [path for path in paths if path.exists() and path.stat().st_mode & stat.S_IROTH]


def keep_database_private(sender: Any, connection: Any, **_signal: Any) -> None:
    """Receives ``connection_created``: SQLite may just have made the database's files."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not name.startswith((":", "file:")):
        for suffix in ("", "-wal", "-shm", "-journal"):
            keep_private(Path(name + suffix))


class AlreadyServed(Exception):
    """Another process serves the database. ``pid`` is 0 when it is not known."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


class DatabaseLock:
    """Lets one server at a time use a SQLite database. The system releases it when the process ends.

    Without Redis two servers do not know of each other: each would mark the other's generations as interrupted.
    """

    def __init__(self, database: Path) -> None:
        # A file of its own: closing any handle of the database's file would drop SQLite's locks.
        self._file = database.with_name(f"{database.name}.lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises AlreadyServed. On a file system without locks the server starts without one."""
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
