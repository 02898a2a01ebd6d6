"""The addresses on which this machine listens: not what a setting says, but its sockets."""

import socket

import psutil
from django.core import checks

from chatbot.diagnostics.bind_address import is_any, is_loopback
from chatbot.diagnostics.deployment import Target
from chatbot.diagnostics.findings import found


def check_listening(target: Target, *, own_port: int) -> checks.CheckMessage:
    """``own_port`` is LEAFRESH_PORT: checked when ``target`` is another machine's address, such as a proxy's."""
    local = is_this_machine(target.host)
    port = target.port if local else own_port
    addresses = listening_addresses(port)
    if addresses is None:
        return found("listening.hidden", port=port)
    return judge_listening(addresses, port, proxy=None if local else target)


def judge_listening(addresses: list[str], port: int, *, proxy: Target | None = None) -> checks.CheckMessage:
    """What clients on other machines meet when the server listens on exactly these addresses.

    ``proxy`` is where clients connect, when that is no address of this machine: a proxy's, or a translated one.
    """
    names = " and ".join(addresses)
    if not addresses:
        return found("listening.elsewhere" if proxy else "listening.nothing", port=port, target=proxy)
    if all(map(is_loopback, addresses)):
        right = proxy and proxy.port != port  # a proxy here passes on; an address that is translated keeps its port
        return found("listening.for_proxy" if right else "listening.loopback", port=port, addresses=names, target=proxy)
    if any(map(is_any, addresses)):
        every = "every address" if "::" in addresses else "every IPv4 address"
        return found("listening.everywhere", port=port, every=every, addresses=names)
    outside = [address for address in addresses if not is_loopback(address)]
    return found("listening.outside", port=port, addresses=" and ".join(outside))


def listening_addresses(port: int) -> list[str] | None:
    """The addresses on which this machine (or this container) listens; None when the system does not show them."""
    try:
        sockets = psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # macOS shows them to root alone; a sandbox may hide /proc/net
        return None
    local = [entry.laddr for entry in sockets if entry.status == psutil.CONN_LISTEN and entry.laddr]
    return sorted({address.ip.removeprefix("::ffff:") for address in local if address.port == port})


def is_this_machine(host: str) -> bool:
    """Whether the name leads to an address of one of this machine's interfaces."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return is_loopback(host)
    own = {entry.address for entries in psutil.net_if_addrs().values() for entry in entries}
    return any(is_loopback(address) or is_any(address) or address in own for address in found)
