"""What a client shows of a session's owner, and what it is given to show again: a cookie, a header, a parameter.

A browser sends its cookie with requests of any page. It counts for those of this server's own pages and of the origins
in ``LEAFRESH_CORS_ORIGINS``; a page of another origin cannot ask, stop or erase in the name of whoever looks at it, nor
replace the cookie. The token is sent on purpose, and counts from everywhere.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpRequest, parse_cookie
from django.http.response import HttpResponseBase

from chatbot.sessions.ownership import Proof, owner_of, read_owner_key, signed_owner_key

COOKIE = "leafresh_owner"
"""What the names of the cookies begin with. Each owner key has a cookie of its own, so that of two answers at once to a
browser without one the second does not replace what the first gave."""
MOST_COOKIES = 8
"""Cookies of a request that are looked at."""
HEADER = "X-Leafresh-Session-Token"
PARAMETER = "sessionToken"
DAY_SECONDS = 86_400


def proof_of(request: HttpRequest, token: str | None = None) -> Proof:
    """What a Django request shows; ``token`` is one in its body."""
    own = is_from_our_page(
        host=request.get_host(), origin=request.headers.get("Origin"), site=request.headers.get("Sec-Fetch-Site")
    )
    first, *further = _owner_keys(request.COOKIES) if own else [""]
    return Proof(
        owner_key=first,
        further_keys=tuple(further),
        token=request.headers.get(HEADER) or token or request.GET.get(PARAMETER, ""),
        takes_cookie=own,
    )


def proof_of_scope(scope: Mapping[str, Any]) -> Proof:
    """What the handshake of a WebSocket shows."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())}
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    own = is_from_our_page(
        host=headers.get("host", ""), origin=headers.get("origin"), site=headers.get("sec-fetch-site")
    )
    first, *further = _owner_keys(parse_cookie(headers.get("cookie", ""))) if own else [""]
    return Proof(
        owner_key=first,
        further_keys=tuple(further),
        token=headers.get(HEADER.lower()) or query.get(PARAMETER, [""])[0],
    )


def is_from_our_page(*, host: str, origin: str | None, site: str | None) -> bool:
    """Whether a request may be trusted to be meant by whoever looks at a page: by its ``Host``, ``Origin`` and
    ``Sec-Fetch-Site`` headers, None where there is none. What is no browser sends neither of the last two."""
    if origin is None:
        return site in {None, "same-origin", "none"}  # "none": typed by a person
    return origin in settings.CORS_ALLOWED_ORIGINS or site == "same-origin" or urlsplit(origin).netloc == host


def give(
    response: HttpResponseBase, *, owner_key: str = "", session_token: str = "", takes_cookie: bool = False
) -> HttpResponseBase:
    """Puts into the response what the client is to show with its next requests; nothing for empty texts."""
    if session_token:
        response[HEADER] = session_token
    if owner_key and takes_cookie:
        response.set_cookie(
            cookie_name(owner_key),
            signed_owner_key(owner_key),
            max_age=settings.LEAFRESH_SESSION_DAYS * DAY_SECONDS,
            httponly=True,
            secure=settings.LEAFRESH_HTTPS,
            samesite="None" if settings.LEAFRESH_HTTPS else "Lax",
        )
    return response


def cookie_name(owner_key: str) -> str:
    """Where a browser keeps the owner key."""
    return f"{COOKIE}_{owner_of(owner_key)[:8]}"


def _owner_keys(cookies: Mapping[str, str]) -> list[str]:
    """The owner keys in the cookies, in one order whatever the browser's; one empty text when there are none. A cookie
    from before they had names of their own counts, too."""
    names = sorted(name for name in cookies if name == COOKIE or name.startswith(f"{COOKIE}_"))[:MOST_COOKIES]
    return list(dict.fromkeys(key for name in names if (key := read_owner_key(cookies[name])))) or [""]
