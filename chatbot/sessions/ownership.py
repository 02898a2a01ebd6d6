"""The ownership of sessions: a session belongs to the client that began it.

That client gets a signed cookie with an owner key, and a token of the session. The session's row stores the ``owner``,
a hash of the key. When the client sends the cookie or the token later, the session becomes ``bound``. From then on each
request for the session needs one of them. If the client never sends either, the session stays unbound.

``LEAFRESH_SESSION_BINDING`` is ``on``, ``off`` (no checks, no cookies and no tokens), or ``required`` (an unbound
session needs a proof too). These functions are pure: ``chatbot.sessions.store`` checks a session's row.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

from django.conf import settings
from django.core.signing import BadSignature, Signer

from chatbot.errors import NotOwner

_OWNER_LENGTH = 32  # hexadecimal digits: 128 bits, as in a key


@dataclass(frozen=True, slots=True)
class Ownership:
    """The columns of a session. ``owner`` is empty for sessions that are older than this column."""

    owner: str = ""
    bound: bool = False
    server_made: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """The credentials in a request: the owner keys of its cookies, and a session token.

    A browser that began several sessions at once has several cookies. Each key is a proof; the first one is used for
    new sessions. ``established`` is the owner that this client has already proved to be in the same request or
    connection. It is a proof, but does not bind a session. ``takes_cookie``: the client may get a cookie.
    """

    owner_keys: tuple[str, ...] = field(default=(), repr=False)
    token: str = field(default="", repr=False)
    established: str = ""
    takes_cookie: bool = False

    @property
    def owner_key(self) -> str:
        """The owner key for new sessions; "" means none."""
        return next(iter(self.owner_keys), "")

    def key_of(self, owner: str) -> str:
        """The key of the owner among the cookies; "" means none."""
        return next((key for key in self.owner_keys if secrets.compare_digest(owner_of(key), owner)), "")

    def shows(self, owner: str, session_key: str) -> bool:
        """Whether a cookie or the token belongs to the owner."""
        return owner != "" and any(secrets.compare_digest(owner, shown) for shown in self._shown(session_key))

    def proves(self, owner: str, session_key: str) -> bool:
        """Whether the client has proved that it is the owner, now or before."""
        known = owner != "" and secrets.compare_digest(owner, self.established)
        return known or self.shows(owner, session_key)

    def owner(self, session_key: str) -> str:
        """The owner of a session that this client begins; "" when it sent no credentials."""
        return next(iter(self._shown(session_key)), "")

    def _shown(self, session_key: str) -> list[str]:
        by_token = _owner_in(self.token, session_key)
        return [*map(owner_of, self.owner_keys), *([by_token] if by_token else [])]


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True)
class AccessCheck:
    """The result of checking a request for a session.

    ``owner``, ``bound`` and ``server_made`` are written if the session does not exist (any more). ``owner_key`` is the
    key of ``owner``; "" means unknown.
    """

    owner: str = ""
    owner_key: str = field(default="", repr=False)
    bound: bool = False
    server_made: bool = False
    is_first: bool = True
    is_proven: bool = False

    def is_refused_by(self, row: Ownership) -> bool:
        """Whether the session belongs to another client, according to its row after it was written."""
        return is_checked() and row.owner != self.owner and needs_proof(row)

    @property
    def may_adopt(self) -> bool:
        """Whether the client becomes the owner of a session that was forgotten after it was read."""
        return self.owner != "" and (self.is_first or self.is_proven)


@dataclass(frozen=True, slots=True)
class Grant:
    """The credentials that a client gets for its next requests. ``owner`` is the owner in this request."""

    owner: str = ""
    owner_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


def is_checked() -> bool:
    """Whether sessions have owners."""
    return bool(settings.LEAFRESH_SESSION_BINDING != "off")


def rate_key(session_key: str, proof: Proof) -> str:
    """The key for counting the client's requests in the session.

    Clients without a proof share one key, so they do not use up the rate of the owner.
    """
    owner = (proof.established or proof.owner(session_key)) if is_checked() else ""
    return f"{owner}|{session_key}"


def check_access(known: Ownership | None, proof: Proof, session_key: str, *, server_made: bool = False) -> AccessCheck:
    """Checks whether the client may use the session. ``known`` is None for an unknown session. Raises NotOwner."""
    if not is_checked():
        return AccessCheck(server_made=server_made, is_first=known is None)
    if known is not None and proof.proves(known.owner, session_key):
        return AccessCheck(
            known.owner,
            proof.key_of(known.owner),
            bound=known.bound or proof.shows(known.owner, session_key),
            server_made=known.server_made,
            is_first=False,
            is_proven=True,
        )
    if known is not None and needs_proof(known):
        raise NotOwner
    shown = proof.owner(session_key)
    owner_key = proof.owner_key or ("" if shown else new_owner_key())
    return AccessCheck(
        shown or owner_of(owner_key),
        owner_key,
        bound=bool(shown),
        server_made=known.server_made if known else server_made,
        is_first=known is None,
    )


def granted(access: AccessCheck, row: Ownership, session_key: str) -> Grant:
    """The credentials for the client after ``check_access``. Only the client that began the session gets the token.

    A cookie is renewed, so that it lasts as long as the session.
    """
    if not is_checked() or row.owner != access.owner:
        return Grant()
    token = session_token(session_key, row.owner) if access.is_first or not access.bound else ""
    return Grant(row.owner, access.owner_key, token)


def offered(proof: Proof, session_key: str) -> Grant:
    """The credentials for a client before it begins a session. So it keeps the session even if its first answer is
    lost."""
    if not is_checked() or (proof.owner(session_key) and not proof.owner_key):  # the client already has a token
        return Grant()
    owner_key = proof.owner_key or new_owner_key()
    owner = owner_of(owner_key)
    return Grant(owner, owner_key, session_token(session_key, owner))


def needs_proof(known: Ownership) -> bool:
    """Whether only the owner may use the session."""
    return known.bound or settings.LEAFRESH_SESSION_BINDING == "required"


def new_owner_key() -> str:
    """A new owner key: 128 random bits in hexadecimal."""
    return secrets.token_urlsafe(16)


def owner_of(owner_key: str) -> str:
    """The owner for the session's row: a hash of the key."""
    return hashlib.sha256(owner_key.encode()).hexdigest()[:_OWNER_LENGTH]


def signed_owner_key(owner_key: str) -> str:
    """The value of the cookie."""
    return _cookie_signer().sign(owner_key)


def read_owner_key(value: str) -> str:
    """The owner key in the value of a cookie; "" if the signature is not valid."""
    try:
        return _cookie_signer().unsign(value)
    except BadSignature:
        return ""


def session_token(session_key: str, owner: str) -> str:
    """The token of the owner, valid only for this session: the owner, and a signature over owner and session."""
    return f"{owner}.{_token_signer().signature(f'{owner}:{session_key}')}"


def _owner_in(token: str, session_key: str) -> str:
    """The owner in a token for this session; "" if the signature is not valid."""
    owner, _, signature = token.partition(".")
    if len(owner) != _OWNER_LENGTH or ":" in signature:  # a colon would change where the session key ends
        return ""
    try:
        _token_signer().unsign(f"{owner}:{session_key}:{signature}")
    except BadSignature:
        return ""
    return owner


def _cookie_signer() -> Signer:
    return Signer(salt="chatbot.owner")


def _token_signer() -> Signer:
    return Signer(salt="chatbot.session-token")
