"""The address that a client is counted under, whatever stands between it and the server. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
"""Where clients without an address are counted, all together: those of a Unix socket."""

UNIX = "unix"
"""Among trusted proxies: whoever connects by a Unix socket, and so has no address."""


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Peers whose ``X-Forwarded-For`` is believed. ``None in trusted`` asks for a peer without an address."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """From addresses, networks and the word ``unix``. Raises ValueError."""
        return cls(tuple(ip_network(text) for text in texts if text != UNIX), UNIX in texts)

    def __contains__(self, address: Address | None) -> bool:
        if address is None:
            return self.unix
        return any(address in network for network in self.networks)

    def includes(self, peer: str | None) -> bool:
        """Whether who connected is one of them; None for a Unix socket."""
        address = _parse(peer) if peer else None
        return not (peer and address is None) and address in self


def client_address(*, peer: str | None, forwarded_for: str, trusted: TrustedProxies) -> str:
    """What a client is counted under: its IPv4 address, the /64 of its IPv6 address, or UNKNOWN. Never raises.

    ``peer`` is who connected, None for a Unix socket; ``forwarded_for`` the values of the ``X-Forwarded-For`` headers,
    joined with commas. Each proxy appends who connected to it, so the header is read from its right end, and only as
    far as those who wrote it are trusted: the client is the first who is not. When all are, it is the leftmost. An
    entry that is no address ends the reading, and the proxy that wrote it is counted: what stands further left may come
    from the client itself.
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

    An IPv4 address in IPv6's notation (``::ffff:192.0.2.1``, what a socket for both sees) is the IPv4 address.
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
    """IPv6 is counted by /64, the least that one customer is given: within it an address can be changed at will."""
    match address:
        case None:
            return UNKNOWN
        case IPv6Address():
            return str(IPv6Network((int(address) >> 64 << 64, 64)))
        case _:
            return str(address)
