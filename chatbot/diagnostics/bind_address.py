"""Explains under which addresses clients reach a listening socket."""

import ipaddress
import socket
from collections.abc import Iterator

LOOPBACK_WARNING = (
    "Only this machine can connect: it listens on a loopback address. Set LEAFRESH_HOST=0.0.0.0 to let others in."
)


def is_loopback(address: str) -> bool:
    """Whether only this machine can connect to ``address``, an IP address or ``localhost``."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def is_any(address: str) -> bool:
    """Whether listening on ``address`` means listening on every interface."""
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False


def own_address() -> str | None:
    """The address of this machine for other machines, from its routing table; None when it has no route to them.

    Connecting a UDP socket sends no packet.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737)
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return None if is_loopback(address) else address


def explain_address(address: str, port: int) -> Iterator[str]:
    """Lines of text for an operator: under which addresses clients reach a server that listens on ``address``."""
    yield f"Leafresh listens on {address} port {port}."
    if is_loopback(address):
        yield f"  {LOOPBACK_WARNING}"
        yield f"  Page: http://{address}:{port}/   Admin: http://{address}:{port}/admin/"
        return
    here = "127.0.0.1" if is_any(address) else address
    yield f"  On this machine:     http://{here}:{port}/   (admin: http://{here}:{port}/admin/)"
    outside = own_address() if is_any(address) else address
    if outside:
        yield f"  From other machines: http://{outside}:{port}/"
        yield f"  They also need LEAFRESH_ALLOWED_HOSTS to name {outside}, and TCP port {port} open in the firewall."
    yield "  Something in the way? python manage.py doctor"
