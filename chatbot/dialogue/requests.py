"""Requests: what clients ask for, whatever carried it. ``checked`` is what can be said without the database."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Self

from challenges.text import nfc, storable
from chatbot.errors import FieldRequired, MessageLength
from chatbot.sessions.ownership import NO_PROOF, Proof
from chatbot.sessions.store import session_key

SHORTEST_MESSAGE, LONGEST_MESSAGE = 2, 500
"""Visible characters of a message at least, and characters at most, after NFC."""

_COMPOSED_FROM = 4  # code points that NFC composes to one at most: a longer text is refused before it is composed


@dataclass(frozen=True, slots=True)
class BaseInfoRequest:
    """A selection as the client sent it: keys, labels or aliases. ``proof`` is what the client shows of its session;
    ``server_made`` says that the server made the session's id, as it does for an empty one."""

    location: str | None
    work_type: str | None
    category: str | None
    session_id: str = ""
    proof: Proof = NO_PROOF
    server_made: bool = False

    def checked(self) -> Self:
        """The request, with every field filled in. Raises FieldRequired, MalformedSessionId."""
        asked = {"location": self.location, "workType": self.work_type, "category": self.category}
        for field, text in asked.items():
            if not (text or "").strip():
                raise FieldRequired(field)
        return replace(self, session_id=session_key(self.session_id), server_made=_is_server_made(self))


@dataclass(frozen=True, slots=True)
class FreeTextRequest:
    """A message as the client sent it; the rest as in ``BaseInfoRequest``."""

    message: str | None
    session_id: str = ""
    proof: Proof = NO_PROOF
    server_made: bool = False

    def checked(self) -> Self:
        """The request, its message composed (NFC) and free of what cannot be stored. Raises FieldRequired,
        MessageLength, MalformedSessionId."""
        message = self.message or ""
        if not message.strip():
            raise FieldRequired("message")
        if len(message) <= _COMPOSED_FROM * LONGEST_MESSAGE:
            message = nfc(storable(message))
        visible = sum(unicodedata.category(character)[0] not in "ZCM" for character in message[: LONGEST_MESSAGE + 1])
        if visible < SHORTEST_MESSAGE or len(message) > LONGEST_MESSAGE:
            raise MessageLength(SHORTEST_MESSAGE, LONGEST_MESSAGE)
        session_id = session_key(self.session_id)
        return replace(self, message=message, session_id=session_id, server_made=_is_server_made(self))


Request = BaseInfoRequest | FreeTextRequest


def _is_server_made(request: Request) -> bool:
    return request.server_made or not request.session_id
