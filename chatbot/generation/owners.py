"""Whether a client may go on with a generation or stop it, also while the database is gone."""

import uuid
from contextlib import suppress

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError

from chatbot.errors import NotOwner
from chatbot.generation.registry import registry
from chatbot.sessions import ownership
from chatbot.sessions.ownership import Proof


async def check_resuming(generation_id: uuid.UUID, session_id: str | None, proof: Proof) -> None:
    """The session may, None when the client named none: see ``chatbot.sessions.ownership.check_resuming``. Raises
    NotOwner.

    This process knows the owners of the sessions that its own generations answer: these need not wait for the database,
    which may be gone. Of all others only the database knows whether they are bound, and its error is raised.
    """
    running = registry().get(generation_id)
    owners = running.owners if running is not None else {}
    asked = {session_id: owners.get(session_id, "")} if session_id else owners
    if any(proof.proves(owner, key) for key, owner in asked.items()):
        registry().keep(_bind(generation_id, session_id or "", proof))
    else:
        await sync_to_async(ownership.check_resuming)(generation_id, session_id or "", proof)


async def _bind(generation_id: uuid.UUID, session_id: str, proof: Proof) -> None:
    """Notes that the owner came back; while the database is gone, the next time does it."""
    with suppress(DatabaseError, InterfaceError, NotOwner):
        await sync_to_async(ownership.check_resuming)(generation_id, session_id, proof)
