"""The service: a request joins or starts a generation, resumes one, waits for its answer."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError

from chatbot.cluster.claims import Claim
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.current import cluster
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.remote_generation import RemoteGeneration, terminal_event
from chatbot.cluster.remote_generations import RemoteGenerations, remote_generations
from chatbot.cluster.rpc import NoAnswer
from chatbot.dialogue import base_info, free_text
from chatbot.dialogue.base_info import Prepared
from chatbot.dialogue.requests import FreeTextRequest, Request
from chatbot.errors import ApplicationError, GenerationFailed, NotOwner, ServiceUnavailable, ShuttingDown
from chatbot.events.cursor import Cursor
from chatbot.events.log import event_log
from chatbot.events.subscription import Subscription
from chatbot.events.types import Close, Failed, TokenFormat
from chatbot.generation.local import LocalGeneration
from chatbot.generation.owners import check_resuming
from chatbot.generation.records import GenerationGone, GenerationStart, record_start
from chatbot.generation.registry import GenerationRegistry, Key, registry
from chatbot.models import Generation, Outcome
from chatbot.sessions import ownership, store
from chatbot.sessions.ownership import Grant, Ownership, Proof


@dataclass(frozen=True, slots=True)
class Past:
    """A generation that is over and no longer in the log: its terminal event and that event's number."""

    generation_id: uuid.UUID
    number: int
    event: Close | Failed


class NothingNew:
    """The client has seen the terminal event."""


class Admit(Protocol):
    """Awaited with who asks (see ``ownership.asker``) before an answer is begun or joined. Raises ApplicationError when
    it may not be."""

    async def __call__(self, asker: str, /) -> None: ...

    async def begun(self, asker: str, /) -> None:
        """The request began a session, whose owner is known now."""
        ...


Answering = LocalGeneration | RemoteGeneration
"""What answers a request: a generation of this process or of another."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What answers a request; the request, with the session's id and whom its client was found to be; and what the
    client is given to show that again."""

    generation: Answering
    request: Request
    grant: Grant

    @property
    def session_id(self) -> str:
        return self.request.session_id or ""


ATTEMPTS = 3
"""How often a generation elsewhere is joined that turns out to be over, before one is started here."""


ANNOUNCE_SECONDS = 1.0
"""How long it is waited for a process to know who joins its generation."""


class Everybody:
    """Lets every session have as many answers as it wants."""

    async def __call__(self, asker: str, /) -> None: ...

    async def begun(self, asker: str, /) -> None: ...


everybody = Everybody()


async def open_stream(
    request: Request, *, cursor: Cursor | None, token_format: TokenFormat, admit: Admit = everybody
) -> Subscription | Past | NothingNew:
    """What a client that opened a stream is to get. Raises ApplicationError."""
    reset = False
    if cursor is not None:
        await check_resuming(cursor.generation_id, request.session_id, request.proof)
        resumed = await _resume(cursor, request, token_format)
        if resumed is not None:
            return resumed
        reset = True
    joined = await join(request, admit=admit)
    return _listening(joined.generation, joined.request, token_format, grant=joined.grant, reset=reset)


async def answer(request: Request, *, admit: Admit = everybody) -> tuple[Close, Joined]:
    """The finished answer, with how it was joined. Raises ApplicationError."""
    grant = Grant()
    for _ in range(ATTEMPTS):
        joined = await join(request, admit=admit)
        grant = grant if grant.owner else joined.grant
        generation = joined.generation
        with subscribed(generation):
            await generation.ended.wait()
        if isinstance(generation, LocalGeneration) or generation.conclusion is not None:
            break
        request, admit = joined.request, everybody  # its process ended: once more
    match generation.conclusion:
        case Close() as close:
            return close, replace(joined, grant=grant)
        case Failed():
            raise GenerationFailed
        case _:
            raise ShuttingDown


@contextmanager
def subscribed(generation: Answering) -> Iterator[None]:
    """Within it the generation has a subscriber, so it is not abandoned."""
    owner = _owner_of(generation)
    owner.attach(generation.id)
    try:
        yield
    finally:
        owner.detach(generation.id)


async def recommend(request: Request, *, admit: Admit = everybody) -> tuple[Answering, str]:
    """The generation that answers the request, with the session's id. Raises ApplicationError."""
    joined = await join(request, admit=admit)
    return joined.generation, joined.session_id


async def join(request: Request, *, admit: Admit = everybody) -> Joined:
    """Joins the running generation that answers the request, or starts one. Raises ApplicationError."""
    request = request.checked()
    session_id = store.session_key(request.session_id)
    await admit(ownership.asker(session_id, request.proof))
    if isinstance(request, FreeTextRequest):
        running = registry().find(free_text.keys_of(request, session_id))
        if running is not None and session_id not in running.stream_ends:
            await asyncio.shield(running.started)
            await sync_to_async(ownership.check)(session_id, request.proof)
            if running.claimed_by is None:
                return Joined(running, replace(request, session_id=session_id), Grant())
        prepared = await free_text.prepare(request, session_id)
    else:
        prepared = await base_info.prepare(base_info.Asked(request, session_id))
    generation, row = await _begin_or_join(prepared, session_id, request.proof)
    grant = Grant() if row is None else ownership.granted(prepared.entry, row, session_id)
    known = replace(request.proof, established=grant.owner or request.proof.established)
    asker = ownership.asker(session_id, known)
    if prepared.entry.is_first and asker != ownership.asker(session_id, request.proof):
        await admit.begun(asker)
    return Joined(generation, replace(request, session_id=session_id, proof=known), grant)


async def _begin_or_join(prepared: Prepared, session_id: str, proof: Proof) -> tuple[Answering, Ownership | None]:
    """The generation that does what was prepared, with a turn of the session; whose the session is, None when the
    turn was there. Raises ApplicationError."""
    questions = prepared.keys
    begun = None
    for attempt in range(ATTEMPTS + 1):
        # No await between looking and starting: two requests at the same moment must not both start.
        running = registry().find(prepared.keys)
        if running is None or session_id in running.stream_ends:
            questions = questions if attempt < ATTEMPTS else []  # nobody else is asked any more
            running = begun = LocalGeneration(
                prepared.commission, session_id=session_id, entry=prepared.entry, questions=questions
            )
            registry().start(running, prepared.keys)
        with running.expecting(session_id):
            try:
                await asyncio.shield(running.started)
            except NotOwner:
                if running is begun:
                    raise
                continue  # who began it was refused, which is no matter of this session
            if running is begun and running.claimed_by is None:
                return running, running.entered
            if running.claimed_by is None:
                with suppress(GenerationGone):
                    return running, await _join_here(running, prepared, session_id, proof)
                running.end(Outcome.STOPPED)  # who began it is forgotten, and its row with it
                continue
        joined = await _join(running.claimed_by, questions, session_id)
        if joined is not None and session_id not in joined.stream_ends:
            with suppress(GenerationGone):
                return joined, await _note(prepared, session_id, joined)
            continue
        if joined is not None:  # the session has left it: what it asks now is for itself
            questions = [key for key in questions if key[0] == "session"]
    raise ServiceUnavailable


async def _join_here(running: LocalGeneration, prepared: Prepared, session_id: str, proof: Proof) -> Ownership | None:
    """Has a generation answer the session that another request began; whose the session is, None when it is answered
    by it already."""
    if session_id not in running.sessions:
        running.sessions.add(session_id)
        registry().add_keys(running, prepared.keys)
        try:
            row = await _note(prepared, session_id, running)
        except Exception:
            running.sessions.discard(session_id)
            raise
        running.owners[session_id] = row.owner
        return row
    if prepared.entry.is_first:  # the session was begun meanwhile
        await sync_to_async(ownership.check)(session_id, proof)
    return None


async def _note(prepared: Prepared, session_id: str, answering: Answering) -> Ownership:
    turn = store.NewTurn(session_id, answering.id, prepared.commission.note, prepared.entry)
    return await record_start(GenerationStart(None, turn))


async def _join(claim: Claim, questions: Sequence[Key], session_id: str) -> RemoteGeneration | None:
    """The generation elsewhere that answers the questions; None when it is over, and then nobody finds it any more."""
    followers, part = remote_generations(), cluster()
    assert followers is not None
    assert part is not None
    joined, is_welcome = await asyncio.gather(followers.join(claim), _announce(part, claim, session_id))
    if joined is not None and is_welcome:
        return joined
    with suppress(Unreachable):
        await part.questions.release(claim, questions)
    return None


async def _announce(part: Cluster, claim: Claim, session_id: str) -> bool:
    """Tells the process that runs the generation who joins it, so that it goes on for that session. False when it is
    too late; a process that does not answer in time may still go on."""
    try:
        async with asyncio.timeout(ANNOUNCE_SECONDS):
            message = {"do": "join", "generation": str(claim.generation_id), "session": session_id}
            return bool((await part.messages.ask(claim.process, **message)).get("joined", True))
    except (NoAnswer, TimeoutError):
        return True


async def _resume(
    cursor: Cursor, request: Request, token_format: TokenFormat
) -> Subscription | Past | NothingNew | None:
    """What follows the cursor; None when its generation is unknown or died, so that a new one is needed."""
    generation_id, number = cursor.generation_id, cursor.number
    running = registry().get(generation_id)
    if running is not None and running.ending:
        await running.ended.wait()
        running = None
    answering: Answering | None = running
    followers = remote_generations()
    if answering is None and followers is not None:
        answering = await followers.find(generation_id, number)
    stream_end = event_log.stream_end(generation_id, request.session_id or "")
    state = event_log.state(generation_id)
    if state is not None and (state.ended or answering is not None):
        if (state.ended and number >= state.last) or (stream_end is not None and number >= stream_end.end):
            return NothingNew()
        # A number that was never sent: from the beginning. Of one elsewhere it is not known yet, and the session's own
        # end may be ahead of the log.
        known = stream_end is None and not isinstance(answering, RemoteGeneration)
        impossible = known and number > state.last
        after = 0 if impossible else number
        return _listening(answering or generation_id, request, token_format, after=after, reset=impossible)
    row = await Generation.objects.filter(pk=generation_id).afirst()
    if row is None or row.outcome not in {Outcome.COMPLETED, Outcome.STOPPED, Outcome.FAILED}:
        return None
    last = row.event_count or 0
    return NothingNew() if number >= last else Past(generation_id, last, terminal_event(row))


def _owner_of(generation: Answering) -> GenerationRegistry | RemoteGenerations:
    """Who counts the generation's listeners."""
    followers = remote_generations()
    if isinstance(generation, LocalGeneration) or followers is None:
        return registry()
    return followers


def _listening(
    answering: Answering | uuid.UUID,
    request: Request,
    token_format: TokenFormat,
    *,
    grant: Grant = Grant(),  # noqa: B008  a value that cannot change
    after: int = 0,
    reset: bool = False,
) -> Subscription:
    """For the client that asked, on a generation, or on the log of one that is over."""
    session_id = request.session_id or ""
    if isinstance(answering, uuid.UUID):
        return Subscription(
            generation_id=answering,
            session_id=session_id,
            opened=lambda: True,
            closed=lambda: None,
            stream_end=partial(event_log.stream_end, answering, session_id),
            after=after,
            token_format=token_format,
        )
    owner = _owner_of(answering)
    return Subscription(
        generation_id=answering.id,
        session_id=session_id,
        opened=partial(owner.attach, answering.id),
        closed=partial(owner.detach, answering.id),
        stream_end=partial(answering.stream_end, session_id),
        again=partial(_again, answering, request, token_format),
        session_token=grant.session_token,
        owner_key=grant.owner_key,
        owner=request.proof.established,
        after=after,
        reset=reset,
        token_format=token_format,
    )


async def _again(answering: Answering, request: Request, token_format: TokenFormat) -> Subscription | None:
    """What a client listens to instead of a generation that died with its process."""
    if not isinstance(answering, RemoteGeneration) or not answering.lost:
        return None
    try:
        joined = await join(request)
    except (
        ApplicationError,
        DatabaseError,
        InterfaceError,
    ):  # the stream ends, the client comes back, and is told then
        return None
    return _listening(joined.generation, joined.request, token_format, reset=True)
