"""The client of a request: the address under which it is counted, and its credentials as a session's owner.

A browser sends its cookies with requests from any page. So the cookie is accepted only from pages of this server and of
``LEAFRESH_CORS_ORIGINS``: a page of another origin can neither use nor replace it. The token is accepted from
everywhere, because no browser sends it by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chatbot.sessions.ownership import Grant, Proof, owner_of, read_owner_key, signed_owner_key

COOKIE = "leafresh_owner"
"""The prefix of the names of cookies. Each owner key has a separate cookie, so that two simultaneous answers do not
replace each other's cookie."""
MOST_COOKIES = 8
"""The maximum number of owner cookies that are read from a request."""
HEADER = "X-Leafresh-Session-Token"
PARAMETER = "sessionToken"
DAY_SECONDS = 86_400


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
    ends the search. The result is then the proxy that wrote it, because the entries to the left may be forged.
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


def proof_of(request: HttpRequest, token: str | None = None) -> Proof:
    """The proof in an HTTP request or in the handshake of a WebSocket. ``token`` is the token in the body, if any."""
    own = _is_trusted(request)
    return Proof(
        owner_keys=_owner_keys(request.COOKIES) if own else (),
        token=request.headers.get(HEADER) or token or request.GET.get(PARAMETER, ""),
        takes_cookie=own,
    )


def send_grant(response: HttpResponseBase, grant: Grant, proof: Proof) -> HttpResponseBase:
    """Adds the token and the cookie of the grant to the response. ``proof`` is the proof in the request."""
    if grant.session_token:
        response[HEADER] = grant.session_token
    if grant.owner_key and proof.takes_cookie:
        response.set_cookie(
            f"{COOKIE}_{owner_of(grant.owner_key)[:8]}",
            signed_owner_key(grant.owner_key),
            max_age=settings.LEAFRESH_SESSION_DAYS * DAY_SECONDS,
            httponly=True,
            secure=settings.LEAFRESH_HTTPS,
            samesite="None" if settings.LEAFRESH_HTTPS else "Lax",
        )
    return response


def _is_trusted(request: HttpRequest) -> bool:
    """Whether the page that sent the request may use the cookie. Only browsers send ``Origin`` and
    ``Sec-Fetch-Site``."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is None:
        return site in {None, "same-origin", "none"}  # "none": a person entered the address
    is_own = site == "same-origin" or origin.partition("://")[2] == request.get_host()
    return is_own or origin in settings.CORS_ALLOWED_ORIGINS


def _owner_keys(cookies: Mapping[str, str]) -> tuple[str, ...]:
    """The owner keys in the cookies, sorted by the names of the cookies. The name of an older cookie is just COOKIE."""
    names = sorted(name for name in cookies if name == COOKIE or name.startswith(f"{COOKIE}_"))[:MOST_COOKIES]
    return tuple(dict.fromkeys(key for name in names if (key := read_owner_key(cookies[name]))))
