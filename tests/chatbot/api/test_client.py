"""The address under which a client is counted, also with trusted proxies, and its proofs during an outage of the
database."""

import json
import uuid
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.test.client import AsyncClient
from hypothesis import given
from hypothesis import strategies as st

from chatbot.api.client import UNKNOWN, TrustedProxies, client_address
from chatbot.models import ChatSession, Turn
from tests.e2e.sse import BASE_INFO, SELECTION, parse

GENERATION = uuid.UUID("7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10")
RETRY = "5"
NOBODY = TrustedProxies()
PROXIES = TrustedProxies.parse(["127.0.0.1", "10.0.0.0/8", "2001:db8:feed::/48"])
CLIENT = "203.0.113.9"
"""A client that is not a proxy."""


def counted(peer: str | None, forwarded_for: str = "", trusted: TrustedProxies = PROXIES) -> str:
    return client_address(peer=peer, forwarded_for=forwarded_for, trusted=trusted)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:cb00:7109", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        (None, UNKNOWN),
        ("", UNKNOWN),
        ("testserver", UNKNOWN),
    ],
)
def test_a_direct_client_is_counted_by_its_address(peer: str | None, address: str) -> None:
    assert counted(peer) == address


@pytest.mark.parametrize("peer", [CLIENT, "2001:db8::1", "not an address", None])
@pytest.mark.parametrize("forwarded_for", ["198.51.100.1", "198.51.100.1, 10.0.0.1", "10.0.0.1"])
def test_forwarded_headers_of_an_untrusted_peer_are_ignored(peer: str | None, forwarded_for: str) -> None:
    assert counted(peer, forwarded_for) == counted(peer)
    assert counted(peer, forwarded_for, NOBODY) == counted(peer, trusted=NOBODY)


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        (CLIENT, CLIENT),
        (f"{CLIENT}:51234", CLIENT),
        (f"::ffff:{CLIENT}", CLIENT),
        (f"[::ffff:{CLIENT}]:51234", CLIENT),
        ("[2001:db8:1:2::3]", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::3]:51234", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::3", "2001:db8:1:2::/64"),
        (f"198.51.100.1, {CLIENT}", CLIENT),  # the left one is what the client itself sent
        (f"198.51.100.1,{CLIENT} , 10.1.2.3,2001:db8:feed::1", CLIENT),
        (f"10.9.9.9, {CLIENT}", CLIENT),
        (f"{CLIENT}, ::ffff:10.0.0.2", CLIENT),
        ("10.0.0.7, 10.0.0.2", "10.0.0.7"),  # all are trusted
        ("", "127.0.0.1"),  # the proxy itself asks
    ],
)
def test_a_trusted_proxy_names_the_clients_address(forwarded_for: str, address: str) -> None:
    assert counted("127.0.0.1", forwarded_for) == address
    assert counted("::ffff:127.0.0.1", forwarded_for) == address


@pytest.mark.parametrize(
    "entry", ["unknown", "", " ", "_hidden", "unix:", "1.2.3", "1.2.3.4.5", "[", "[]", "%", "1.2.3.4:5:6", "é", "\x00"]
)
def test_an_entry_that_is_no_address_ends_the_reading_at_the_proxy_that_wrote_it(entry: str) -> None:
    assert counted("127.0.0.1", f"{CLIENT}, {entry}") == "127.0.0.1"
    assert counted("127.0.0.1", f"{CLIENT}, {entry}, 10.0.0.2") == "10.0.0.2"


def test_a_proxy_on_a_unix_socket_has_no_address_and_is_trusted_by_a_word() -> None:
    trusted = TrustedProxies.parse(["unix"])
    assert counted(None, CLIENT, trusted) == CLIENT
    assert counted("", CLIENT, trusted) == CLIENT
    assert counted(None, "", trusted) == UNKNOWN
    assert counted("nonsense", CLIENT, trusted) == UNKNOWN
    assert counted("127.0.0.1", CLIENT, trusted) == "127.0.0.1"


junk = st.text(max_size=30) | st.sampled_from(["10.0.0.1", "127.0.0.1", "198.51.100.7", "::1", "[::1]:80", "unknown"])


@given(peer=st.none() | junk, forwarded_for=st.lists(junk).map(",".join), trusted=st.sampled_from([NOBODY, PROXIES]))
def test_nothing_makes_it_raise(peer: str | None, forwarded_for: str, trusted: TrustedProxies) -> None:
    assert counted(peer, forwarded_for, trusted)


@given(sent=st.lists(junk).map(",".join), chain=st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2"]), max_size=3))
def test_whatever_a_client_sends_it_cannot_choose_where_it_is_counted(sent: str, chain: list[str]) -> None:
    """Each proxy appends the address of its peer to the header."""
    assert counted("127.0.0.1", ",".join([sent, CLIENT, *chain])) == CLIENT


@given(number=st.integers(0, 2**64 - 1))
def test_a_network_of_one_customer_is_counted_together(number: int) -> None:
    prefix = 0x20010DB8_00010002 << 64
    address = ":".join(f"{prefix + number:032x}"[at : at + 4] for at in range(0, 32, 4))
    assert counted(address) == "2001:db8:1:2::/64"


@pytest.fixture
def _gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*query: Any, **filters: Any) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(ChatSession.objects, "filter", gone)
    monkeypatch.setattr(Turn.objects, "filter", gone)


@pytest.mark.usefixtures("_gone")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "sessions/s", None),
        ("delete", "sessions/s", None),
        ("put", f"generations/{GENERATION}/feedback", {"sessionId": "s", "thumb": "up"}),
        ("delete", f"generations/{GENERATION}/feedback?sessionId=s", None),
        ("post", f"generations/{GENERATION}/stop?sessionId=s", None),
        ("post", f"generations/{GENERATION}/stop", None),
    ],
)
def test_nothing_is_done_while_the_database_is_gone(method: str, path: str, body: object) -> None:
    content = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    response = getattr(Client(), method)(f"/api/chatbot/{path}", **content)
    assert (response.status_code, response.headers["Retry-After"]) == (503, RETRY)
    assert json.loads(response.content)["status"] == 503


@pytest.mark.usefixtures("_gone")
async def test_nothing_is_resumed_while_the_database_is_gone() -> None:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": f"generation-{GENERATION}:1"}
    response: Any = await AsyncClient().get(BASE_INFO, {**SELECTION, "sessionId": "s"}, headers=headers)
    text = b"".join([chunk async for chunk in response.streaming_content]).decode()
    assert [(event.name, event.envelope["status"]) for event in parse(text.split("\n"))] == [("error", 503)]
