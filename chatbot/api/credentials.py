"""The credentials of a session's owner in HTTP: a cookie, a header or a parameter.

A browser sends its cookies with requests from any page. So the cookie is accepted only from pages of this server and of
``LEAFRESH_CORS_ORIGINS``: a page of another origin can neither use nor replace it. The token is accepted from
everywhere, because no browser sends it by itself.
"""

from collections.abc import Mapping

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
