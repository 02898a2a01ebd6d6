"""A program that is started from the preloading process behaves as after a normal start."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.e2e import preloaded
from tests.e2e.server import ROOT

LOOKS = """
import json, os, signal, sys, threading
sockets = [each.path for each in os.scandir("/proc/self/fd") if os.path.realpath(each.path).find("socket:") >= 0]
print(json.dumps({
    "argv": sys.argv,
    "environment": dict(os.environ),
    "directory": os.getcwd(),
    "path": sys.path[0] in {"", os.getcwd()},
    "signals": [signal.getsignal(which) == usual for which, usual in (
        (signal.SIGINT, signal.default_int_handler), (signal.SIGCHLD, signal.SIG_DFL), (signal.SIGTERM, signal.SIG_DFL)
    )],
    "threads": len(os.listdir("/proc/self/task")),
    "ours": [name for name in sys.modules if name.split(".")[0] in {"leafresh", "chatbot", "challenges"}],
    "reactor": "twisted.internet.reactor" in sys.modules,
    "settings": sys.modules["django.conf"].settings.configured if "django.conf" in sys.modules else False,
    "sockets": sockets,
    "name": __name__,
}))
print("said", sys.stdin.read(), file=sys.stderr)
sys.exit(3)
"""
"""A program prints its environment, and ends with the given status."""


def test_a_program_finds_what_a_new_process_has() -> None:
    env = {"PATH": os.environ["PATH"], "LEAFRESH_TITLE": "초록"}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
        given.write(b"hello")
        given.seek(0)
        program = preloaded.start(["-c", LOOKS, "an", "--option"], env=env, stdin=given, stdout=printed, stderr=errors)
        assert program.wait(timeout=60) == 3
        printed.seek(0)
        errors.seek(0)
        assert errors.read() == b"said hello\n"
        assert json.loads(printed.read()) == {
            "argv": ["-c", "an", "--option"],
            "environment": env,
            "directory": str(ROOT),
            "path": True,
            "signals": [True, True, True],
            "threads": 1,
            "ours": [],
            "reactor": False,
            "settings": False,
            "sockets": [],
            "name": "__main__",
        }


def test_its_end_is_told(tmp_path: Path) -> None:
    with (tmp_path / "output").open("w") as output, Path(os.devnull).open() as nothing:

        def start(program: str) -> preloaded.Process:
            return preloaded.start(["-c", program], env=os.environ, stdin=nothing, stdout=output, stderr=output)

        waiting = start("import time; time.sleep(600)")
        assert start("raise ValueError('on purpose')").wait(timeout=60) == 1
        assert start("").wait(timeout=60) == 0
        assert waiting.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(timeout=0.01)
        waiting.send_signal(signal.SIGKILL)
        assert waiting.wait(timeout=60) == waiting.poll() == -signal.SIGKILL
        waiting.send_signal(signal.SIGTERM)  # nobody gets it
        assert not psutil.pid_exists(waiting.pid)
    assert "ValueError: on purpose" in (tmp_path / "output").read_text("utf-8")


def test_none_outlives_who_started_it() -> None:
    """Also when that is killed, and has no time for anything."""
    program = """
import os, signal, sys
from tests.e2e import preloaded
with open(os.devnull, "r+") as nothing:
    files = {"stdin": nothing, "stdout": nothing, "stderr": nothing}
    process = preloaded.start(["-c", "import time; time.sleep(600)"], env=os.environ, **files)
print(process.pid, preloaded._preloader()._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = []
    for pid in map(int, killed.stdout.split()):
        with suppress(psutil.NoSuchProcess):
            left.append(psutil.Process(pid))
    assert psutil.wait_procs(left, timeout=60)[1] == []
