"""What the kernel's table of sockets says about who can connect."""

import socket
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.diagnosis import listening
from chatbot.diagnosis.finding import Finding
from chatbot.diagnosis.listening import check, judge, judge_from_afar, listening_addresses, read_table
from chatbot.diagnosis.target import Target

ANY = "0.0.0.0"  # noqa: S104  nothing listens because it stands here
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
TCP = HEAD + (
    "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    "   1: 00000000:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0\n"
    "   2: 0500A8C0:1F42 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0\n"
    "   3: 0100007F:1F43 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0 100 0 0 10 0\n"
)
TCP6 = HEAD + (
    "   0: 00000000000000000000000000000000:1F40 00000000000000000000000000000000:0000 0A 00000000:00000000 0 0 0 0\n"
    "   1: 00000000000000000000000001000000:1F41 00000000000000000000000000000000:0000 0A 00000000:00000000 0 0 0 0\n"
    "   2: 0000000000000000FFFF00000100007F:1F42 00000000000000000000000000000000:0000 0A 00000000:00000000 0 0 0 0\n"
    "   3: B80D0120000000000000000001000000:1F43 00000000000000000000000000000000:0000 0A 00000000:00000000 0 0 0 0\n"
)
COLUMNS = st.sampled_from(["0:", "0A", "01", "0100007F:1F40", ":", "\n", "x" * 33, "F" * 33])
PROXIED = Target.parse("https://chat.example.com")
TRANSLATED = Target.parse("http://203.0.113.7:8000")


def read(table: str) -> dict[int, list[str]]:
    return {port: found for port in range(8000, 8004) if (found := list(read_table(table, port, "little")))}


def said(finding: Finding) -> tuple[str, str]:
    return finding.level, finding.message.partition(":")[0].partition(".")[0]


def test_ipv4_addresses_are_read() -> None:
    assert read(TCP) == {8000: ["127.0.0.1"], 8001: [ANY], 8002: ["192.168.0.5"]}


def test_ipv6_addresses_are_read() -> None:
    assert read(TCP6) == {8000: ["::"], 8001: ["::1"], 8002: ["127.0.0.1"], 8003: ["2001:db8::1"]}


def test_big_endian_machines_write_it_the_other_way_round() -> None:
    assert list(read_table(f"{HEAD} 0: 7F000001:1F40 00000000:0000 0A\n", 8000, "big")) == ["127.0.0.1"]


@given(st.text() | st.lists(COLUMNS).map(" ".join))
def test_no_table_is_too_strange(text: str) -> None:
    assert all(isinstance(address, str) for address in read_table(HEAD + text, 8000))


def test_loopback_only_is_the_classic_fault() -> None:
    finding = judge(["127.0.0.1", "::1"], 8000)
    assert finding.level == "fault"
    assert finding.message == (
        "Port 8000 listens on 127.0.0.1 and ::1 only, so only this machine can connect: clients outside time out or "
        "are refused, although the firewall and the port look fine."
    )
    assert finding.remedy.startswith("Set LEAFRESH_HOST=0.0.0.0 and restart the server.")


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
    assert said(judge(addresses, 8000)) == expected


def test_behind_a_proxy_loopback_is_right() -> None:
    assert said(judge_from_afar(["127.0.0.1"], 8000, PROXIED))[0] == "ok"


def test_behind_a_translated_address_loopback_is_wrong() -> None:
    assert said(judge_from_afar(["127.0.0.1"], 8000, TRANSLATED))[0] == "fault"


def test_a_server_elsewhere_is_only_a_warning() -> None:
    assert said(judge_from_afar([], 8000, PROXIED))[0] == "warning"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's table is Linux's")
@pytest.mark.parametrize("address", ["127.0.0.1", ANY])
def test_a_real_socket_is_found(address: str) -> None:
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        assert listening_addresses(port) == [address]
        expected = "fault" if address == "127.0.0.1" else "ok"
        assert [found.level for found in check(Target("http", "127.0.0.1", port), own_port=1)] == [expected]


def test_a_system_without_the_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(listening, "TABLES", tmp_path)
    assert [(found.level, found.remedy) for found in check(Target("http", "127.0.0.1", 8000), own_port=8000)] == [
        ("warning", "Look yourself: lsof -nP -iTCP:8000 -sTCP:LISTEN")
    ]
