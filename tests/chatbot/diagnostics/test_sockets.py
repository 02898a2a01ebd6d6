"""Finding out from the machine's sockets which clients can connect."""

import socket

import psutil
import pytest

from chatbot.diagnostics.deployment import Target
from chatbot.diagnostics.sockets import check_listening, is_this_machine, judge_listening, listening_addresses
from tests.chatbot.diagnostics.recordings import level_and_message, levels

ANY = "0.0.0.0"  # noqa: S104  nothing listens because it stands here
PROXIED = Target.parse("https://chat.example.com")
TRANSLATED = Target.parse("http://203.0.113.7:8000")


def beginning(addresses: list[str], *, proxy: Target | None = None) -> tuple[str, str]:
    level, message = level_and_message(judge_listening(addresses, 8000, proxy=proxy))
    return level, message.partition(":")[0].partition(".")[0]


def test_loopback_only_is_the_classic_fault() -> None:
    finding = judge_listening(["127.0.0.1", "::1"], 8000)
    assert level_and_message(finding) == (
        "fault",
        "Port 8000 listens on 127.0.0.1 and ::1 only, so only this machine can connect: clients outside time out or "
        "are refused, although the firewall and the port look fine.",
    )
    assert str(finding.hint).startswith("Set LEAFRESH_HOST=0.0.0.0 and restart the server.")


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([], ("fault", "Nothing on this machine listens on TCP port 8000")),
        ([ANY], ("ok", "Port 8000 listens on every IPv4 address of this machine (0")),
        (["::"], ("ok", "Port 8000 listens on every address of this machine (")),
        (["10.0.0.5", "127.0.0.1"], ("ok", "Port 8000 listens on 10")),
    ],
)
def test_other_ways_to_listen(addresses: list[str], expected: tuple[str, str]) -> None:
    assert beginning(addresses) == expected


def test_behind_a_proxy_loopback_is_right() -> None:
    assert beginning(["127.0.0.1"], proxy=PROXIED)[0] == "ok"


def test_behind_a_translated_address_loopback_is_wrong() -> None:
    assert beginning(["127.0.0.1"], proxy=TRANSLATED)[0] == "fault"


def test_a_server_elsewhere_is_only_a_warning() -> None:
    assert beginning([], proxy=PROXIED)[0] == "warning"


@pytest.mark.parametrize(("address", "level"), [("127.0.0.1", "fault"), (ANY, "ok"), ("::1", "fault"), ("::", "ok")])
def test_a_real_socket_is_found(address: str, level: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        server = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        port = server.getsockname()[1]
        assert listening_addresses(port) == [address]
        assert levels([check_listening(Target("http", "127.0.0.1", port), own_port=1)]) == [level]


def test_an_ipv4_address_of_an_ipv6_socket_is_an_ipv4_address() -> None:
    try:
        server = socket.socket(socket.AF_INET6)
        server.bind(("::ffff:127.0.0.1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        server.listen()
        assert listening_addresses(server.getsockname()[1]) == ["127.0.0.1"]


def test_a_connection_is_no_listening_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert listening_addresses(client.getsockname()[1]) == []


def test_of_another_machine_the_own_port_is_looked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert levels([check_listening(Target("https", "192.0.2.77", 443), own_port=port)]) == ["ok"]


@pytest.mark.parametrize("error", [psutil.AccessDenied(), FileNotFoundError("/proc/net/tcp")])
def test_a_system_that_hides_its_sockets(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def hidden(_: str) -> None:
        raise error

    monkeypatch.setattr(psutil, "net_connections", hidden)
    finding = check_listening(Target("http", "127.0.0.1", 8000), own_port=8000)
    assert levels([finding]) == ["warning"]
    assert finding.hint == "Look yourself: sudo lsof -nP -iTCP:8000 -sTCP:LISTEN"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.0.1.1", True), ("::1", True), (ANY, True),
        ("192.0.2.77", False), ("a.invalid", False),
    ],
)  # fmt: skip
def test_which_hosts_are_this_machine(host: str, expected: bool) -> None:
    assert is_this_machine(host) is expected
