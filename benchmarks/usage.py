"""What a process and its children use, as the operating system counts it (Linux)."""

import time
from dataclasses import dataclass
from pathlib import Path

import psutil

DATABASE_FILES = frozenset({"db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm"})


def _clock_of(pid: int) -> int:
    """The kernel's name of a process's clock of processor time, as ``clock_getcpuclockid(3)`` makes it."""
    return (~pid << 3) | 2


def _tree(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def processor_seconds(pid: int) -> float:
    """Processor time of the process, its threads, and its children, dead ones included.

    The kernel counts nanoseconds for living processes and hundredths of a second for dead children.
    """
    seconds = 0.0
    for process in _tree(pid):
        times = process.cpu_times()
        seconds += time.clock_gettime(_clock_of(process.pid)) + times.children_user + times.children_system
    return seconds


def memory_bytes(pid: int) -> int:
    """Proportional set size of the process and its children: shared memory counts in parts."""
    return sum(int(process.memory_full_info().pss) for process in _tree(pid))


@dataclass(slots=True)
class Peak:
    """The most at one time: threads, open files, open database files, bytes (proportional set size)."""

    threads: int = 0
    files: int = 0
    database_handles: int = 0
    memory: int = 0

    def look(self, pid: int) -> None:
        """Looks at the process once."""
        process = psutil.Process(pid)
        self.threads = max(self.threads, process.num_threads())
        self.files = max(self.files, process.num_fds())
        self.database_handles = max(self.database_handles, database_handles(pid))
        self.memory = max(self.memory, memory_bytes(pid))


def database_handles(pid: int) -> int:
    """The process's open handles of the SQLite database: of its file, its log and its index."""
    count = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += link.readlink().name in DATABASE_FILES
        except FileNotFoundError:  # closed meanwhile
            continue
    return count
