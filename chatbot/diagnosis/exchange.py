"""HTTP requests as a client outside makes them, recorded with the time at which every part arrived."""

import http.client
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chatbot.diagnosis.target import DEFAULT_PORTS, Target

MAX_BYTES = 4_000_000
"""More than any answer: what goes on longer is not read."""

Obstacle = Literal["name", "refused", "route", "connect-timeout", "silent", "certificate", "tls", "closed", "not-http"]
Ending = Literal["ended", "broken", "unfinished"]


class Unreachable(Exception):
    """There is no response. ``detail`` is the system's own word for it."""

    def __init__(self, obstacle: Obstacle, detail: object = "") -> None:
        super().__init__(f"{obstacle}: {detail}")
        self.obstacle = obstacle
        self.detail = str(detail)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the body; ``seconds`` counts from when the request was sent."""

    seconds: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """``headers`` with lower-case names; ``chunks`` without content encoding. ``ending`` says how the body stopped:
    as HTTP says it must, broken off, or not at all while it was read."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    chunks: tuple[Chunk, ...] = ()
    ending: Ending = "ended"

    def header(self, name: str) -> str:
        """As browsers read it: values of a repeated header are joined."""
        return ", ".join(value for key, value in self.headers if key == name.lower())

    @property
    def body(self) -> bytes:
        return b"".join(chunk.data for chunk in self.chunks)


class Client:
    """Sends requests, each on a connection of its own; all together take no longer than ``timeout`` seconds."""

    def __init__(self, target: Target, *, timeout: float) -> None:
        self._target = target
        self._deadline = time.monotonic() + timeout

    def send(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """Reads the response to its end. Raises Unreachable when there is none."""
        connection = self._connect()
        try:
            sock = connection.sock
            connection.putrequest(method, self._target.prefix + path, skip_accept_encoding=True)
            for name, value in {"User-Agent": "leafresh-doctor", **(headers or {})}.items():
                connection.putheader(name, value)
            sock.settimeout(self._remaining())
            began = time.monotonic()
            connection.endheaders()
            response = connection.getresponse()
            return self._read(response, sock, began)
        except TimeoutError as error:
            raise Unreachable("silent", error) from None
        except (ConnectionError, http.client.IncompleteRead) as error:  # before BadStatusLine, which some of them are
            raise Unreachable("closed", error) from None
        except http.client.HTTPException as error:
            raise Unreachable("not-http", error) from None
        except ssl.SSLError as error:
            raise Unreachable("tls", error.reason or error) from None
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._target.host, self._target.port, timeout=self._remaining())
        connection.default_port = DEFAULT_PORTS[self._target.scheme]  # leaves the scheme's own out of the Host header
        try:
            connection.connect()
        except socket.gaierror as error:
            raise Unreachable("name", error.strerror) from None
        except TimeoutError as error:
            raise Unreachable("connect-timeout", error) from None
        except ConnectionRefusedError as error:
            raise Unreachable("refused", error.strerror) from None
        except OSError as error:
            raise Unreachable("route", error.strerror) from None
        if self._target.scheme == "https":
            self._secure(connection)
        return connection

    def _secure(self, connection: http.client.HTTPConnection) -> None:
        """Here and not by HTTPSConnection, to tell a failing handshake from a failing connection."""
        connection.sock.settimeout(self._remaining())
        try:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=self._target.host)
        except ssl.SSLCertVerificationError as error:
            raise Unreachable("certificate", error.verify_message) from None
        except ssl.SSLError as error:
            raise Unreachable("tls", error.reason or error) from None
        except TimeoutError:
            raise Unreachable("tls", "no answer to the handshake") from None
        except OSError as error:
            raise Unreachable("tls", error.strerror or error) from None
        finally:
            if not isinstance(connection.sock, ssl.SSLSocket):
                connection.close()

    def _read(self, response: http.client.HTTPResponse, sock: socket.socket, began: float) -> Response:
        headers = tuple((name.lower(), value.strip()) for name, value in response.getheaders())
        decode = _decoder(response.getheader("Content-Encoding", ""))
        chunks: list[Chunk] = []
        size = 0
        ending: Ending = "unfinished"
        try:
            while size < MAX_BYTES:
                sock.settimeout(self._remaining())
                data = response.read1(65536)
                if not data:
                    # http.client does not complain when fewer bytes came than Content-Length promised.
                    ending = "broken" if response.length else "ended"
                    break
                size += len(data)
                chunks.append(Chunk(time.monotonic() - began, decode(data)))
        except TimeoutError:
            ending = "unfinished"
        except (OSError, http.client.HTTPException, zlib.error):
            ending = "broken"
        return Response(response.status, headers, tuple(chunks), ending)

    def _remaining(self) -> float:
        """Seconds, but never none: 0 would mean “do not wait” to a socket."""
        return max(self._deadline - time.monotonic(), 0.001)


class _Plain:
    def __call__(self, data: bytes) -> bytes:
        return data


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    def __call__(self, data: bytes) -> bytes:
        return self._stream.decompress(data, MAX_BYTES)


def _decoder(encoding: str) -> _Plain | _Gzip:
    return _Gzip() if encoding.strip().lower() in {"gzip", "x-gzip"} else _Plain()
