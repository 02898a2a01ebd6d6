"""A session belongs to who began it.

The client that begins a session is given a signed cookie with an owner key, and the session's token. The row keeps a
hash of the key: the ``owner``. Once the client has come back with the cookie or the token, the session is ``bound``:
from then on each request for it needs one of them. A session whose client never shows either stays unbound.
``LEAFRESH_SESSION_BINDING`` is ``on``, ``off`` (no checks, nothing is given), or ``required`` (also an unbound session
needs one of them). Pure, but for ``check`` and ``check_resuming``: synchronous, callers run them in a thread.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.crypto import constant_time_compare

from chatbot.errors import NotOwner
from chatbot.models import ChatSession, Turn
from chatbot.sessions.retention import cutoff, lasting

_OWNER_LENGTH = 32  # hexadecimal digits: 128 bits, as many as a key has


@dataclass(frozen=True, slots=True)
class Ownership:
    """Of a session as it was read. ``owner`` is empty for a session from before owners were known."""

    owner: str = ""
    bound: bool = False
    server_made: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What a client shows with a request: the owner key of its cookie, where the cookie counts, and a session token.

    ``established`` is the owner that this client was found to be before, within the same request or connection; it
    counts, but it is no coming back. ``owner_key`` is for sessions that the client begins. A browser that began several
    sessions at once has several cookies: the ``further_keys`` prove as well. ``takes_cookie`` says whether the client
    may be given a cookie.
    """

    owner_key: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    established: str = ""
    takes_cookie: bool = False
    further_keys: tuple[str, ...] = field(default=(), repr=False)

    def key_of(self, owner: str) -> str:
        """The owner key among the cookies' that belongs to the owner; empty when there is none."""
        return next((key for key in self._keys() if secrets.compare_digest(owner_of(key), owner)), "")

    def shows(self, owner: str, session_key: str) -> bool:
        """Whether the cookie or the token is the owner's."""
        return owner != "" and any(secrets.compare_digest(owner, shown) for shown in self._shown(session_key))

    def proves(self, owner: str, session_key: str) -> bool:
        """Whether the client is the owner."""
        known = owner != "" and secrets.compare_digest(owner, self.established)
        return known or self.shows(owner, session_key)

    def owner(self, session_key: str) -> str:
        """Who owns a session that this client begins; empty when it shows nothing."""
        return next(iter(self._shown(session_key)), "")

    def _shown(self, session_key: str) -> list[str]:
        by_cookie = [owner_of(key) for key in self._keys()]
        by_token = [owner] if (owner := _owner_in(self.token, session_key)) else []
        return [*by_cookie, *by_token]

    def _keys(self) -> list[str]:
        return [key for key in (self.owner_key, *self.further_keys) if key]


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True)
class Entry:
    """How a request enters a session. ``owner`` is written when there is no such session (any more), with ``bound``;
    ``binds`` says that the session becomes bound. ``owner_key`` belongs to ``owner``, empty where it is not known."""

    owner: str = ""
    owner_key: str = field(default="", repr=False)
    bound: bool = False
    binds: bool = False
    server_made: bool = False
    is_first: bool = True
    is_proven: bool = False

    def is_refused_by(self, row: Ownership) -> bool:
        """Whether the session, as it was written, belongs to another client."""
        return is_checked() and row.owner != self.owner and _needs_proof(row)

    @property
    def may_adopt(self) -> bool:
        """Whether the client becomes the owner of a session that was forgotten meanwhile."""
        return self.owner != "" and (self.is_first or self.is_proven)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a client is given, to be shown with its next requests. ``owner`` says who it is, for this request."""

    owner: str = ""
    owner_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)


def is_checked() -> bool:
    """Whether sessions have owners at all."""
    return bool(settings.LEAFRESH_SESSION_BINDING != "off")


def asker(session_key: str, proof: Proof) -> str:
    """Whose requests in the session count together: those with one owner's proof, and those without any. So a client
    that shows no proof uses up nothing of the owner's rate."""
    owner = (proof.established or proof.owner(session_key)) if is_checked() else ""
    return f"{owner}|{session_key}"


def enter(known: Ownership | None, proof: Proof, session_key: str, *, server_made: bool = False) -> Entry:
    """How a client that asks enters the session, None for one that is not known. Raises NotOwner."""
    if not is_checked():
        return Entry(server_made=server_made, is_first=known is None)
    if known is not None and proof.proves(known.owner, session_key):
        owner_key = proof.key_of(known.owner)
        returns = proof.shows(known.owner, session_key)
        return Entry(
            known.owner,
            owner_key,
            bound=known.bound or returns,
            binds=returns and not known.bound,
            server_made=known.server_made,
            is_first=False,
            is_proven=True,
        )
    if known is not None and _needs_proof(known):
        raise NotOwner
    shown = proof.owner(session_key)
    owner_key = proof.owner_key or ("" if shown else new_owner_key())
    return Entry(
        shown or owner_of(owner_key),
        owner_key,
        bound=bool(shown),
        server_made=known.server_made if known else server_made,
        is_first=known is None,
    )


def granted(entry: Entry, row: Ownership, session_key: str) -> Grant:
    """What the client gets that entered the session, now that its row is as it is. The token is for the client alone
    that began it; a cookie is renewed, so that it lasts as long as the session."""
    if not is_checked() or row.owner != entry.owner:
        return Grant()
    token = session_token(session_key, row.owner) if entry.is_first or not entry.bound else ""
    return Grant(row.owner, entry.owner_key, token)


def offered(proof: Proof, session_key: str) -> Grant:
    """What a client may show when it begins a session that is not known yet: then a lost answer loses nothing."""
    if not is_checked() or (proof.owner(session_key) and not proof.owner_key):  # it has a token already
        return Grant()
    owner_key = proof.owner_key or new_owner_key()
    owner = owner_of(owner_key)
    return Grant(owner, owner_key, session_token(session_key, owner))


def check(session_key: str, proof: Proof, *, private: bool = False) -> Ownership | None:
    """The session, which becomes bound when its owner comes back; None when it is not known, or expired. One SQL
    statement, and one when it becomes bound.

    ``private`` is what only the session's id leads to, such as its conversation: of an unbound session it needs an id
    that the server made. What also needs the id of a generation, which cannot be guessed, is not. Raises NotOwner.
    """
    if not is_checked():
        return None
    columns = ("owner", "bound", "server_made", "active_at", "forgotten_through")
    row = ChatSession.objects.filter(pk=session_key).values_list(*columns).first()
    if row is None:
        return None
    owner, bound, server_made, active_at, forgotten_through = row
    if forgotten_through and not owner:  # it is being erased
        return None
    known = Ownership(owner, bound, server_made)
    if proof.proves(owner, session_key):
        _bind(session_key, known, proof)
    elif _needs_proof(known) or (private and not server_made):
        raise NotOwner
    return None if active_at < cutoff() else known


def check_resuming(generation_id: uuid.UUID, session_key: str, proof: Proof) -> None:
    """Whether the session may go on with the generation: its own, or one that an unbound session or the same owner
    asked for. Raises NotOwner. One SQL statement, and one when a session becomes bound."""
    if not is_checked():
        return
    columns = ("session_id", "session__owner", "session__bound", "session__server_made")
    asked = {
        key: Ownership(*rest)
        for key, *rest in Turn.objects.filter(lasting(), generation_id=generation_id).values_list(*columns)
    }
    if session_key in asked:
        asked = {session_key: asked[session_key]}
    elif session_key:
        check(session_key, proof)
    for key, known in asked.items():
        if proof.proves(known.owner, key):
            _bind(key, known, proof)
            return
    if asked and all(_needs_proof(known) for known in asked.values()):
        raise NotOwner


def _bind(session_key: str, known: Ownership, proof: Proof) -> None:
    if not known.bound and proof.shows(known.owner, session_key):
        ChatSession.objects.filter(pk=session_key, owner=known.owner, bound=False).update(bound=True)


def _needs_proof(known: Ownership) -> bool:
    return known.bound or settings.LEAFRESH_SESSION_BINDING == "required"


def new_owner_key() -> str:
    """128 random bits."""
    return secrets.token_urlsafe(16)


def owner_of(owner_key: str) -> str:
    """What a row keeps of the key."""
    return hashlib.sha256(owner_key.encode()).hexdigest()[:_OWNER_LENGTH]


def signed_owner_key(owner_key: str) -> str:
    """The cookie's value."""
    return _cookie_signer().sign(owner_key)


def read_owner_key(value: str) -> str:
    """The owner key in a cookie's value; empty when it is none of ours."""
    try:
        return _cookie_signer().unsign(value)
    except BadSignature:
        return ""


def session_token(session_key: str, owner: str) -> str:
    """The token of the owner for this session alone: the owner, and a signature over both."""
    return f"{owner}.{_token_signer().signature(f'{owner}:{session_key}')}"


def _owner_in(token: str, session_key: str) -> str:
    owner, _, signature = token.partition(".")
    if len(owner) != _OWNER_LENGTH or not token.isascii():
        return ""
    signer, signed = _token_signer(), f"{owner}:{session_key}"
    right = (signer.signature(signed, key) for key in (signer.key, *signer.fallback_keys))
    return owner if any(constant_time_compare(signature, each) for each in right) else ""


def _cookie_signer() -> Signer:
    return Signer(salt="chatbot.owner")


def _token_signer() -> Signer:
    return Signer(salt="chatbot.session-token")
