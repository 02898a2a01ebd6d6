"""Finds the address under which a client's requests are counted, also behind proxies. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
"""The address for all clients of a Unix socket, which have no address."""

UNIX = "unix"
"""The word in the list of trusted proxies that means peers on a Unix socket."""


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The peers whose ``X-Forwarded-For`` is trusted. The address None means a peer on a Unix socket."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """Parses addresses, networks and ``unix``. Raises ValueError."""
        return cls(tuple(ip_network(text) for text in texts if text != UNIX), UNIX in texts)

    def __contains__(self, address: Address | None) -> bool:
        if address is None:
            return self.unix
        return any(address in network for network in self.networks)

    def includes(self, peer: str | None) -> bool:
        """Whether the peer is trusted. ``peer`` is its address as text."""
        address = _parse(peer) if peer else None
        return not (peer and address is None) and address in self


def client_address(*, peer: str | None, forwarded_for: str, trusted: TrustedProxies) -> str:
    """The client's IPv4 address, the /64 of its IPv6 address, or UNKNOWN. Never raises.

    ``peer`` is the address of the connection; None for a Unix socket. ``forwarded_for`` are the ``X-Forwarded-For``
    headers, joined with commas. Each proxy appends the address of its peer. So the header is read from the right, and
    trusted proxies are skipped: the client is the first other address, or the leftmost. An entry that is not an address
    ends the search: the result is the proxy that wrote it, because the entries to the left may be forged.
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

    A socket for both versions shows IPv4 addresses as ``::ffff:192.0.2.1``. These are converted to IPv4.
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
    """The address as text. IPv6 is counted by /64, because a customer can use any address within it."""
    match address:
        case None:
            return UNKNOWN
        case IPv6Address():
            return str(IPv6Network((int(address) >> 64 << 64, 64)))
        case _:
            return str(address)
