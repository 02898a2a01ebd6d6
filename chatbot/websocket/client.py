"""The client of a connection: its session, and what it has shown of whose that is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chatbot.api.ownership import proof_of_scope
from chatbot.dialogue.requests import BaseInfoRequest, Request
from chatbot.sessions.ownership import Proof
from chatbot.sessions.store import session_key


class Client:
    """One for each connection. What the handshake or a message has shown counts for all that follows; so does having
    begun the session on this connection, which is no coming back."""

    def __init__(self, scope: Mapping[str, Any], session_id: str) -> None:
        """``session_id`` is what stands in the path, which may be nothing. Raises MalformedSessionId."""
        self.session_id = session_key(session_id)
        self.proof: Proof = proof_of_scope(scope)
        self._server_made = not session_id

    def show(self, token: str) -> None:
        """A message held a session token."""
        if token:
            self.proof = replace(self.proof, token=token)

    def found_to_be(self, owner: str) -> None:
        """The client was found to be this owner; nothing when it is empty."""
        if owner:
            self.proof = replace(self.proof, established=owner)

    def asks(self, request: Request | None) -> Request:
        """The request, as it comes from this client; without one what can be resumed, but not begun."""
        nothing = BaseInfoRequest(None, None, None, self.session_id)
        return replace(request or nothing, proof=self.proof, server_made=self._server_made)
