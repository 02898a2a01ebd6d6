"""What Leafresh keeps is its own: conversations, keys, logs. Nobody else on the machine reads them."""

import os
import stat
from pathlib import Path
from typing import Any

_OTHERS = 0o077
"""What the group and everybody else may do."""


def keep_private(path: Path) -> None:
    """Takes from others what they may do with a file or directory of ours. What belongs to another user, is shared by
    design (``/tmp``) or is the user's home is left as it is. Raises nothing."""
    try:
        found = path.stat()
        if found.st_mode & _OTHERS and _is_ours(path, found):
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
    except OSError:
        pass  # there is no such file, or the file system has no modes


def readable_by_others(*paths: Path) -> list[Path]:
    """Those that everybody on the machine may read."""
    return [path for path in paths if path.exists() and path.stat().st_mode & stat.S_IROTH]


def keep_database_private(sender: Any, connection: Any, **_signal: Any) -> None:
    """After SQLite has opened, and perhaps made, its files: its log has the mode of the database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and not name.startswith((":", "file:")):
        for suffix in ("", "-wal", "-shm", "-journal"):
            keep_private(Path(name + suffix))


def _is_ours(path: Path, found: os.stat_result) -> bool:
    is_shared = bool(found.st_mode & stat.S_ISVTX)
    return found.st_uid == os.geteuid() and not is_shared and path != Path.home()
