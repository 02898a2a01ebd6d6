"""What clients ask for, as they sent it, and what can be said of it without a look at the database."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Self

from challenges.text import nfc, storable
from chatbot.errors import FieldRequired, MessageLength
from chatbot.sessions.ownership import NO_PROOF, Proof

SHORTEST_MESSAGE, LONGEST_MESSAGE = 2, 500
"""Visible characters of a message at least, and characters at most, after NFC."""

_COMPOSED_FROM = 4  # code points that one of NFC is made of at most: what is longer is refused before it is composed


@dataclass(frozen=True, slots=True)
class BaseInfoRequest:
    """A selection as the client sent it: keys, labels or aliases, unchecked. ``server_made`` says that the server made
    the session's id, as it does where there is none."""

    location: str | None
    work_type: str | None
    category: str | None
    session_id: str | None = None
    proof: Proof = NO_PROOF
    server_made: bool = False

    def checked(self) -> Self:
        """The request, with every field filled in. Raises FieldRequired."""
        asked = {"location": self.location, "workType": self.work_type, "category": self.category}
        for field, text in asked.items():
            if not (text or "").strip():
                raise FieldRequired(field)
        return self


@dataclass(frozen=True, slots=True)
class FreeTextRequest:
    """What a person said, as the client sent it; see ``BaseInfoRequest``."""

    message: str | None
    session_id: str | None = None
    proof: Proof = NO_PROOF
    server_made: bool = False

    def checked(self) -> Self:
        """The request with its message as it is kept (NFC, storable). Raises FieldRequired, MessageLength."""
        message = self.message or ""
        if not message.strip():
            raise FieldRequired("message")
        if len(message) <= _COMPOSED_FROM * LONGEST_MESSAGE:
            message = nfc(storable(message))
        visible = sum(unicodedata.category(character)[0] not in "ZCM" for character in message[: LONGEST_MESSAGE + 1])
        if visible < SHORTEST_MESSAGE or len(message) > LONGEST_MESSAGE:
            raise MessageLength(SHORTEST_MESSAGE, LONGEST_MESSAGE)
        return replace(self, message=message)


Request = BaseInfoRequest | FreeTextRequest
