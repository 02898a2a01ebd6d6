"""The address under which a client is counted, with or without proxies before the server. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
"""The address of all clients without one, which connect by a Unix socket."""

UNIX = "unix"
"""The word among trusted proxies for peers on a Unix socket."""


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Peers whose ``X-Forwarded-For`` counts. None is a peer on a Unix socket."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """From addresses, networks and ``unix``. Raises ValueError."""
        return cls(tuple(ip_network(text) for text in texts if text != UNIX), UNIX in texts)

    def __contains__(self, address: Address | None) -> bool:
        if address is None:
            return self.unix
        return any(address in network for network in self.networks)

    def includes(self, peer: str | None) -> bool:
        """Whether the peer, by its address as text, is one of them."""
        address = _parse(peer) if peer else None
        return not (peer and address is None) and address in self


def client_address(*, peer: str | None, forwarded_for: str, trusted: TrustedProxies) -> str:
    """The client's IPv4 address, the /64 of its IPv6 address, or UNKNOWN. Never raises.

    ``peer`` is the address of the connection, None for a Unix socket. ``forwarded_for`` has the ``X-Forwarded-For``
    headers, joined with commas. Each proxy appends its peer's address. So the header is read from the right, past
    the addresses of trusted proxies: the client is the first other address, or the leftmost. An entry that is no
    address ends the reading at the proxy that wrote it, because the rest may come from the client.
    """
    address = _parse(peer) if peer else None
    if not trusted.includes(peer):
        return _bucket(address)
    for entry in reversed(forwarded_for.split(",")):
        hop = _parse(entry)
        if hop is None:
            break
        address = hop
        if address not in trusted:
            break
    return _bucket(address)


def _parse(text: str) -> Address | None:
    """The address in ``192.0.2.1``, ``192.0.2.1:8080``, ``2001:db8::1`` or ``[2001:db8::1]:8080``.

    A socket for both versions shows IPv4 addresses as ``::ffff:192.0.2.1``: these become IPv4 again.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _bucket(address: Address | None) -> str:
    """The address as text. IPv6 counts by /64: a customer can use any address within it."""
    match address:
        case None:
            return UNKNOWN
        case IPv6Address():
            return str(IPv6Network((int(address) >> 64 << 64, 64)))
        case _:
            return str(address)
