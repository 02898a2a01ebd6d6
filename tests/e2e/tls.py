"""A real nginx that speaks HTTPS, with the files that operators get."""

import datetime
import ipaddress
import re
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e.nginx import EXECUTABLE, ROOT, await_port, free_port

NAME = "chat.example.com"

_AROUND = """
daemon off;
worker_processes 1;
pid nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    {includes}
}}
"""


def make_certificate(directory: Path) -> None:
    """One for NAME and 127.0.0.1 that signs itself, as fullchain.pem and privkey.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (directory / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unlocked = serialization.NoEncryption()
    (directory / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked)
    )


class TlsNginx:
    """``with TlsNginx("one-machine", port) as nginx: … nginx.url``. ``kind`` is ``one-machine`` (deploy/nginx) or
    ``compose`` (deploy/compose). In what operators get, only places, ports and addresses are replaced."""

    def __init__(self, kind: str, server_port: int) -> None:
        self.plain_port, self.port = free_port(), free_port()
        self._server_port = server_port
        self._directory = Path(tempfile.mkdtemp(prefix="leafresh-nginx-"))
        self._log = self._directory / "access.log"
        self._process: subprocess.Popen[bytes] | None = None
        make_certificate(self._directory)
        shutil.copy(ROOT / "deploy/nginx/leafresh-proxy.conf", self._directory)
        self._main = self._one_machine() if kind == "one-machine" else self._compose()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it wrote of requests."""
        return self._log.read_text("utf-8")

    @property
    def trust(self) -> ssl.SSLContext:
        """A client's, that knows the certificate."""
        return ssl.create_default_context(cafile=str(self._directory / "fullchain.pem"))

    def check(self) -> subprocess.CompletedProcess[str]:
        """What ``nginx -t`` says."""
        return subprocess.run([*self._command(), "-t"], capture_output=True, text=True, check=False)

    def _one_machine(self) -> Path:
        site = self._here(ROOT / "deploy/nginx/leafresh.conf")
        main = self._directory / "nginx.conf"
        main.write_text(_AROUND.format(includes=f"include {site};"))
        return main

    def _compose(self) -> Path:
        """nginx.conf and what it includes, each where it includes it from."""
        self._here(ROOT / "deploy/compose/upstream.conf", "leafresh-upstream.conf")
        (self._directory / "conf.d").mkdir()
        self._here(ROOT / "deploy/compose/https.conf", "conf.d/default.conf")
        return self._here(ROOT / "deploy/compose/nginx.conf")

    def _here(self, path: Path, name: str = "") -> Path:
        text = path.read_text("utf-8")
        for old, new in (
            (r"/etc/(nginx|ssl/leafresh)/(?!mime\.types)", f"{self._directory}/"),
            (r"^( *listen )80;", rf"\g<1>127.0.0.1:{self.plain_port};"),
            (r"^( *listen )443 ", rf"\g<1>127.0.0.1:{self.port} "),
            (r"^ *listen \[::\].*\n", ""),  # a machine for tests may have no IPv6
            (r"listen 127\.0\.0\.1:8080;", f"listen 127.0.0.1:{free_port()};"),
            (r"server (127\.0\.0\.1|172\.30\.86\.\d+):\d+ ", f"server 127.0.0.1:{self._server_port} "),
            (r"^user nginx;\n|^error_log .*\n", ""),
            (r"^pid .*;", "pid nginx.pid; daemon off;"),
            (r"/dev/stdout|/var/log/nginx/\S+", str(self._log)),
        ):
            text = re.sub(old, new, text, flags=re.MULTILINE)
        written = self._directory / (name or path.name)
        written.write_text(text)
        return written

    def _command(self) -> list[str]:
        assert EXECUTABLE is not None
        places = "".join(f"{kind}_temp_path {kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        text = self._main.read_text("utf-8")
        if places not in text:
            self._main.write_text(text.replace("http {", f"http {{ client_body_temp_path body; {places}", 1))
        log = str(self._directory / "error.log")
        return [EXECUTABLE, "-c", str(self._main), "-p", str(self._directory), "-e", log]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command(), stderr=subprocess.DEVNULL)
        await_port(self._process, self.port, self._directory / "error.log")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        shutil.rmtree(self._directory, ignore_errors=True)
