"""The addresses under which clients reach a listening socket, in words."""

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
    """This machine's address for other machines, by its routing table; None when it has no route outside.

    Connecting a UDP socket sends nothing.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737)
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return None if is_loopback(address) else address


def explain_address(address: str, port: int) -> Iterator[str]:
    """Lines that tell an operator under which addresses clients reach a server that listens here."""
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
