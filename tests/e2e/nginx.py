"""A real nginx in front of servers, with the configuration that operators get."""

import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
EXECUTABLE = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
    {log}
    access_log {directory}/access.log leafresh;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
    upstream leafresh {{
        least_conn;
        {servers}
    }}
    server {{
        listen 127.0.0.1:{port};
        include {proxy};
    }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_port(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    """Returns when the process listens on the loopback port. Raises RuntimeError with its log when it does not."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"it did not start:\n{log.read_text('utf-8') if log.exists() else ''}")


def log_of(configuration: str) -> str:
    """The log format in this file of ``deploy``."""
    found = re.search(
        r"^ *map \$uri .*?^ *log_format [^\n]*", (ROOT / configuration).read_text("utf-8"), re.DOTALL | re.M
    )
    assert found is not None
    return found[0]


class RunningNginx:
    """``with RunningNginx(ports) as nginx: … nginx.url``: passes requests on to those ports, and logs them as the file
    ``log`` says."""

    def __init__(self, ports: Sequence[int], *, log: str = "deploy/nginx/leafresh.conf") -> None:
        self._log = log_of(log)
        self.port = free_port()
        self._ports = ports
        self._directory = Path(tempfile.mkdtemp(prefix="leafresh-nginx-"))
        self._directory.chmod(0o711)  # its workers, which are another user's when root starts it, keep bodies there
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        assert EXECUTABLE is not None
        servers = "\n".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in self._ports)
        configuration = self._directory / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                directory=self._directory,
                servers=servers,
                port=self.port,
                log=self._log,
                proxy=ROOT / "deploy/nginx/leafresh-proxy.conf",
            )
        )
        command = [EXECUTABLE, "-c", str(configuration), "-p", str(self._directory)]
        command += ["-e", str(self._directory / "error.log")]
        self._process = subprocess.Popen(command)
        await_port(self._process, self.port, self._directory / "error.log")
        return self

    @property
    def logged(self) -> list[str]:
        """The requests in its access log."""
        return [line.split('"')[1] for line in (self._directory / "access.log").read_text("utf-8").splitlines()]

    def reload(self) -> None:
        """Reloads the configuration, as `systemctl reload nginx` does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._directory, ignore_errors=True)
