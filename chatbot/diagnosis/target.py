"""The address under which the server is examined."""

import ipaddress
import socket
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from chatbot.reachability import is_loopback

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A server's base URL in parts. ``host`` is lower case, in ASCII and without brackets; ``prefix`` a path or ""."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ValueError with a sentence for the operator."""
        parts = urlsplit(url)  # raises ValueError itself for a broken IPv6 address
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise ValueError("It must be an address such as https://chat.example.com.")
        if parts.username is not None or parts.password is not None:
            raise ValueError("It must not hold a user name or a password.")
        if parts.query or parts.fragment:
            raise ValueError("It must not have a query or a fragment.")
        port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
        return cls(parts.scheme, _ascii(parts.hostname), port, parts.path.rstrip("/"))

    @property
    def bracketed(self) -> str:
        """The host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def origin(self) -> str:
        """As a browser writes it: without the scheme's own port."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.bracketed}{port}"

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}"


def is_this_machine(host: str) -> bool:
    """Whether the name leads to an address of this machine: one that a socket here can be bound to."""
    if is_loopback(host):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return False
    return any(_can_bind(family, address[0]) for family, _, _, _, address in found)


def _can_bind(family: int, address: str | int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _ascii(host: str) -> str:
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        pass
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("It does not name a host that can exist.") from None
