"""The service: a request joins, starts or resumes a generation, or waits for the whole answer. Read this module first.

A route or a WebSocket creates a ``Request``. ``dialogue`` turns it into a ``Job``. ``generation`` runs the job once for
all equal requests. ``events`` stores the events and gives each client a ``Subscription``.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from django.db import DatabaseError, InterfaceError

from chatbot.cluster.remote_generation import RemoteGeneration
from chatbot.dialogue import free_text
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.dialogue.free_text import FreeTextRequest
from chatbot.errors import ApplicationError, GenerationFailed, ShuttingDown
from chatbot.events.log import Cursor
from chatbot.events.subscription import LoggedGeneration, Subscription
from chatbot.events.types import Close, Failed, TokenFormat
from chatbot.generation.job import Job, Key
from chatbot.generation.local import LocalGeneration
from chatbot.generation.single_flight import MakeJob, RunningGeneration
from chatbot.resumption import NothingNew, Past, Resumed, resume
from chatbot.runtime import runtime
from chatbot.sessions import ownership
from chatbot.sessions.ownership import Grant

Request = BaseInfoRequest | FreeTextRequest
"""The request of a client, by HTTP or WebSocket."""

ATTEMPTS = 3
"""How many generations a request tries that waits for its whole answer. Each may be lost with its process."""


class Limiter:
    """Counts requests, and refuses those above a rate. This base class has no limits.

    ``chatbot.sessions.ownership.rate_key`` computes the key.
    """

    async def admit(self, rate_key: str) -> None:
        """Called before a request joins or starts an answer. Raises ApplicationError when it is above the rate."""

    async def begun(self, rate_key: str) -> None:
        """Called when the request has begun a session: from now on its owner is known."""


UNLIMITED = Limiter()


@dataclass(frozen=True, slots=True)
class Joined:
    """The generation that answers a request.

    ``request`` now has the session's id and owner. ``grant`` are the credentials that the client sends with its next
    requests.
    """

    generation: RunningGeneration
    request: Request
    grant: Grant


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream for one client: the events of a generation after number ``after``.

    ``reset``: the client must discard what it has received of the answer. Without a ``request``, a lost generation is
    not started again.
    """

    generation: LoggedGeneration
    request: Request | None = None
    token_format: TokenFormat = "object"  # noqa: S105  a format, no password
    after: int = 0
    reset: bool = False
    grant: Grant = field(default_factory=Grant)

    @property
    def session_id(self) -> str:
        return self.request.session_id if self.request else ""

    async def subscriptions(self) -> AsyncGenerator[Subscription, None]:
        """The subscriptions of the client: one, and another one to a new generation each time that a process is
        lost."""
        stream: Stream | None = self
        while stream is not None:
            with stream.generation.subscribe(
                stream.session_id,
                after=stream.after,
                token_format=stream.token_format,
                session_token=stream.grant.session_token,
                reset=stream.reset,
            ) as subscription:
                yield subscription
            stream = None if subscription.ended else await stream.restarted()

    async def restarted(self) -> "Stream | None":
        """A stream for the same request with a new generation; None when this generation was not lost."""
        if self.request is None or not isinstance(self.generation, RemoteGeneration) or not self.generation.lost:
            return None
        try:
            joined = await join(self.request)
        except (ApplicationError, DatabaseError, InterfaceError):
            return None  # the stream ends; a client that reconnects gets the error
        return Stream(joined.generation, joined.request, self.token_format, reset=True)


async def open_stream(
    request: Request, *, cursor: Cursor | None, token_format: TokenFormat, limiter: Limiter = UNLIMITED
) -> Stream | Past | NothingNew:
    """Opens a stream of the events after the cursor. Raises ApplicationError.

    Without a cursor, or if its generation is lost, the stream begins a new answer.
    """
    if cursor is not None:
        await runtime().registry.check_resuming(cursor.generation_id, request.session_id, request.proof)
        match await resume(cursor, request.session_id):
            case Resumed(generation, after, reset):
                return Stream(generation, request, token_format, after, reset)
            case Past() | NothingNew() as over:
                return over
    joined = await join(request, limiter=limiter)
    return Stream(joined.generation, joined.request, token_format, reset=cursor is not None, grant=joined.grant)


async def answer(request: Request, *, limiter: Limiter = UNLIMITED) -> tuple[Close, Joined]:
    """Waits for the whole answer. Raises ApplicationError."""
    grant = Grant()
    for _ in range(ATTEMPTS):
        joined = await join(request, limiter=limiter)
        grant = grant if grant.owner else joined.grant
        generation = joined.generation
        with generation.subscribed():
            await generation.ended.wait()
        if isinstance(generation, LocalGeneration) or generation.conclusion is not None:
            break
        request, limiter = joined.request, UNLIMITED  # the process of the generation ended: try again
    match generation.conclusion:
        case Close() as close:
            return close, replace(joined, grant=grant)
        case Failed():
            raise GenerationFailed
        case _:
            raise ShuttingDown


async def join(request: Request, *, limiter: Limiter = UNLIMITED) -> Joined:
    """Joins the running generation that answers the request, or starts one. Raises ApplicationError."""
    request = request.checked()
    session_id, proof = request.session_id, request.proof
    rate_key = ownership.rate_key(session_id, proof)
    await limiter.admit(rate_key)
    keys, make_job = await _keys_and_job(request)
    flight = await runtime().single_flight.join_or_start(session_id, proof, keys, make_job)
    if flight.access is None or flight.ownership is None:
        return Joined(flight.generation, request, Grant())
    grant = ownership.granted(flight.access, flight.ownership, session_id)
    known = replace(proof, established=grant.owner or proof.established)
    if flight.access.is_first and (owner := ownership.rate_key(session_id, known)) != rate_key:
        await limiter.begun(owner)
    return Joined(flight.generation, replace(request, proof=known), grant)


async def _keys_and_job(request: Request) -> tuple[Sequence[Key], MakeJob]:
    """The single-flight keys of the request, and a function that creates its job.

    The keys of a selection depend on the session's past, so its job is created at once. A message is analysed only when
    its job is needed.
    """
    if isinstance(request, FreeTextRequest):
        return free_text.keys_of(request), partial(free_text.make_job, request, runtime().providers)
    job = await runtime().make_base_info_job(request)

    async def make_job() -> Job:
        return job

    return job.keys, make_job
