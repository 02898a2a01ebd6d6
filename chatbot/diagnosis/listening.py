"""Which addresses the server really listens on: not what a setting says, but the machine's own sockets."""

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from chatbot.diagnosis.finding import Finding, fault, ok, warning
from chatbot.diagnosis.target import Target, is_this_machine
from chatbot.reachability import is_any, is_loopback

TABLES = Path("/proc/self/net")
_LISTEN = "0A"  # TCP_LISTEN in the kernel's include/net/tcp_states.h


def check(target: Target, *, own_port: int) -> Iterator[Finding]:
    """``own_port`` is LEAFRESH_PORT: looked at when ``target`` is another machine's, such as a proxy's."""
    local = is_this_machine(target.host)
    port = target.port if local else own_port
    addresses = listening_addresses(port)
    if addresses is None:
        yield warning(
            f"This system does not show its sockets in {TABLES}: which addresses port {port} listens on is not known.",
            f"Look yourself: lsof -nP -iTCP:{port} -sTCP:LISTEN",
        )
    else:
        yield judge(addresses, port) if local else judge_from_afar(addresses, port, target)


def judge(addresses: list[str], port: int) -> Finding:
    """What clients of other machines meet when exactly these addresses are listened on."""
    if not addresses:
        return fault(
            f"Nothing on this machine listens on TCP port {port}.",
            f"Start the server: LEAFRESH_PORT={port} python manage.py serve",
        )
    if all(is_loopback(address) for address in addresses):
        return fault(
            f"Port {port} listens on {_names(addresses)} only, so only this machine can connect: "
            "clients outside time out or are refused, although the firewall and the port look fine.",
            "Set LEAFRESH_HOST=0.0.0.0 and restart the server. "
            "Or, when a proxy on this machine passes requests on, examine that: "
            "python manage.py doctor --url https://chat.example.com",
        )
    if any(is_any(address) for address in addresses):
        every = "every address" if "::" in addresses else "every IPv4 address"
        return ok(
            f"Port {port} listens on {every} of this machine ({_names(addresses)}). "
            f"Outside clients also need TCP port {port} open in the firewall, which cannot be seen from here."
        )
    outside = [address for address in addresses if not is_loopback(address)]
    return ok(f"Port {port} listens on {_names(outside)}: clients must use exactly that.")


def judge_from_afar(addresses: list[str], port: int, target: Target) -> Finding:
    """The same when clients come through ``target``, which is no address of this machine: a proxy's, or one that a
    provider translates."""
    if not addresses:
        return warning(
            f"Nothing on this machine listens on TCP port {port}, so what answers at {target} runs elsewhere.",
            f"If the server should run here, start it: LEAFRESH_PORT={port} python manage.py serve",
        )
    if target.port != port and all(is_loopback(address) for address in addresses):
        return ok(
            f"Port {port} listens on {_names(addresses)} only: right when a proxy on this machine "
            f"passes on what comes to {target}."
        )
    return judge(addresses, port)


def listening_addresses(port: int) -> list[str] | None:
    """The addresses on which this machine (in a container: the container) listens; None when it cannot be known."""
    tables = []
    for name in ("tcp", "tcp6"):
        try:
            tables.append((TABLES / name).read_text("ascii", errors="replace"))
        except OSError:
            continue  # a kernel without IPv6 has no tcp6
    if not tables:
        return None
    return sorted({address for table in tables for address in read_table(table, port)})


def read_table(text: str, port: int, byteorder: Literal["little", "big"] = sys.byteorder) -> Iterator[str]:
    """The addresses that a table in the format of ``/proc/net/tcp`` or ``tcp6`` has listening on the port.

    An address is one (IPv4) or four (IPv6) words of 32 bits in hexadecimal, each in the machine's byte order.
    """
    for line in text.splitlines()[1:]:
        columns = line.split()
        if len(columns) < 4 or columns[3] != _LISTEN:
            continue
        words, _, number = columns[1].partition(":")
        try:
            packed = b"".join(
                int(words[start : start + 8], 16).to_bytes(4, byteorder) for start in range(0, len(words), 8)
            )
            if int(number, 16) == port:
                yield _name(packed)
        except (ValueError, OverflowError):
            continue  # not a row of this format


def _name(packed: bytes) -> str:
    address = ipaddress.ip_address(packed)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _names(addresses: list[str]) -> str:
    return " and ".join(addresses)
