"""The programs that developers start instead of ``manage.py serve``: pages, streams and WebSockets work there, too."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.e2e import databases, sse
from tests.e2e.server import ROOT, START_SECONDS, environment, prepared_data

COMMANDS = {
    "runserver": ["manage.py", "runserver", "127.0.0.1:{port}"],
    "daphne": ["-m", "daphne", "--bind", "127.0.0.1", "--port", "{port}", "leafresh.asgi:application"],
    "uvicorn": ["-m", "uvicorn", "--port", "{port}", "leafresh.asgi:application"],
}


@contextmanager
def running(command: list[str], data_dir: Path) -> Iterator[str]:
    """The address of the program, once it answers."""
    databases.copy_data(prepared_data(), data_dir)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (data_dir / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *(part.format(port=port) for part in command)],
            cwd=ROOT,
            env=environment(data_dir, {}),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # runserver has a process that starts it again
        )
    try:
        _await_answer(port, process, data_dir / "log")
        yield f"127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)
        databases.remove_data(data_dir)


def _await_answer(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(log.read_text())


@pytest.mark.parametrize("name", COMMANDS)
def test_everything_works_on(name: str, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with running(COMMANDS[name], data_dir) as address:
        with httpx.Client(base_url=f"http://{address}", timeout=30) as client:
            assert "<leafresh-chat" in client.get("/").text
            assert client.get("/static/chatbot/leafresh-chat.css").headers["content-type"].startswith("text/css")
            assert client.get("/admin/login/").status_code == 200
        events = list(sse.stream(f"http://{address}", sessionId="s", **sse.SELECTION))
        assert (events[0].name, events[-1].name) == ("start", "close")
        assert sse.tokens(events) == sse.laid_out(events[-1].payload)
        with connect(f"ws://{address}/ws/chatbot/w") as socket_:
            names = {"location": "도시", "workType": "사무직", "category": "비건"}
            socket_.send(json.dumps({"type": "recommend", **names}))
            while (event := json.loads(socket_.recv(timeout=30)))["event"] != "close":
                assert event["event"] in {"start", "challenge", "item"}
            assert len(event["data"]["data"]["challenges"]) == 3
