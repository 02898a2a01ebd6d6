"""The loop watch reports steps that block the event loop, and no others."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.loop_watch import HELD_SECONDS, Watch, holdings


def work() -> None:
    began = time.thread_time()
    while time.thread_time() - began < 4 * HELD_SECONDS:
        pass


def wait_for_a_lock() -> None:
    lock = threading.Lock()
    lock.acquire()
    assert not lock.acquire(timeout=20 * HELD_SECONDS)


def seen(step: Callable[[], None], file: Path) -> list[tuple[bool, bool, bool]]:
    """For each holding whether it worked, waited, and where it was is known."""
    Watch(file).run(lambda handle: handle(), step)
    return [(it.worked > HELD_SECONDS, it.waited > HELD_SECONDS, step.__name__ in it.where) for it in holdings(file)]


def test_work_is_seen(tmp_path: Path) -> None:
    assert [(worked, where) for worked, _, where in seen(work, tmp_path / "seen")] == [(True, True)]


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the system does not tell who had the processors")
def test_a_wait_is_seen(tmp_path: Path) -> None:
    assert seen(wait_for_a_lock, tmp_path / "seen") == [(False, True, True)]


def test_a_short_step_is_none(tmp_path: Path) -> None:
    assert seen(lambda: None, tmp_path / "seen") == []
