"""Checks on which addresses this machine listens, from its open sockets and not from a setting."""

import socket

import psutil
from django.core import checks

from chatbot.diagnostics.bind_address import is_any, is_loopback
from chatbot.diagnostics.deployment import Target
from chatbot.diagnostics.findings import found


def check_listening(target: Target, *, own_port: int) -> checks.CheckMessage:
    """Whether other machines can connect to the server.

    ``own_port`` is LEAFRESH_PORT. It is checked if ``target`` is the address of another machine, such as a proxy.
    """
    local = is_this_machine(target.host)
    port = target.port if local else own_port
    addresses = listening_addresses(port)
    if addresses is None:
        return found("listening.hidden", port=port)
    return judge_listening(addresses, port, proxy=None if local else target)


def judge_listening(addresses: list[str], port: int, *, proxy: Target | None = None) -> checks.CheckMessage:
    """Whether other machines can connect to a server that listens on these addresses only.

    ``proxy`` is the address for clients if it is not an address of this machine: a proxy, or a translated (NAT)
    address.
    """
    names = " and ".join(addresses)
    if not addresses:
        return found("listening.elsewhere" if proxy else "listening.nothing", port=port, target=proxy)
    if all(map(is_loopback, addresses)):
        # Another port means a proxy on this machine. With the same port the address is translated.
        right = proxy and proxy.port != port
        return found("listening.for_proxy" if right else "listening.loopback", port=port, addresses=names, target=proxy)
    if any(map(is_any, addresses)):
        every = "every address" if "::" in addresses else "every IPv4 address"
        return found("listening.everywhere", port=port, every=every, addresses=names)
    outside = [address for address in addresses if not is_loopback(address)]
    return found("listening.outside", port=port, addresses=" and ".join(outside))


def listening_addresses(port: int) -> list[str] | None:
    """The addresses on which this machine (or container) listens on ``port``; None when the system hides them."""
    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # macOS shows them to root only; a sandbox may hide /proc/net
        return None
    local = [entry.laddr for entry in sockets if entry.status == psutil.CONN_LISTEN and entry.laddr]
    return sorted({address.ip.removeprefix("::ffff:") for address in local if address.port == port})


def is_this_machine(host: str) -> bool:
    """Whether the host name resolves to an address of this machine."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return is_loopback(host)
    own = {entry.address for entries in psutil.net_if_addrs().values() for entry in entries}
    return any(is_loopback(address) or is_any(address) or address in own for address in found)
