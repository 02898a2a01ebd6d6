"""Visits the running server as a client: reads the options and one stream, then deletes the session."""

import asyncio
import contextlib
import json
import socket
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode, urljoin

import httpx
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import checks
from django.db import Error
from httpx_sse import EventSource

from chatbot.diagnostics.deployment import HOST_SETTING, Target, host_setting
from chatbot.diagnostics.findings import found
from chatbot.models import Generation

OPTIONS = "/api/challenges/options"
STREAM = "/ai/chatbot/recommendation/base-info"
SESSIONS = "/api/chatbot/sessions/"
TOKEN_HEADER = "X-Leafresh-Session-Token"  # noqa: S105  the name of a header
LIBRARY_EVENTS = frozenset({"message", "stream-open", "stream-reset", "keep-alive"})
"""Pings, and events that django-eventstream itself sends. They have no number and no data."""
DELETION_SECONDS, SECOND_LOOK_SECONDS, GRACE_SECONDS = 5.0, 1.0, 0.2
"""Times in seconds that are added to the timeout of a visit."""
TIMEOUTS = (TimeoutError, httpx.TimeoutException)
MAX_BYTES = 4_000_000
"""The maximum number of bytes that are read of a body. Every answer is smaller."""
STATUSES = {
    400: "status.bad_request",
    429: "status.too_many",
    503: "status.unavailable",
    **dict.fromkeys((401, 403, 407), "status.forbidden"),
    **dict.fromkeys((404, 405), "status.not_there"),
    **dict.fromkeys((502, 504), "status.no_server"),
}
"""Entries of ``findings.toml``."""

BodyEnd = Literal["ended", "broken", "unfinished"]


class NoResponse(Exception):
    """The server sent no response. ``finding`` explains why."""

    def __init__(self, name: str, target: Target, detail: object = "") -> None:
        super().__init__(name)
        self.finding = found(name, detail=detail, **_places(target))


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A server-sent event as a client gets it. ``seconds`` is the time from the request to the event's last line."""

    name: str
    data: str
    id: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Response:
    """A recorded response. ``chunks`` are the decoded parts of the body with their arrival times in seconds.

    ``ending`` tells how the body ended: completely, broken off, or not within the time.
    """

    status: int
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    chunks: tuple[tuple[float, bytes], ...] = ()
    ending: BodyEnd = "ended"

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.chunks)

    @property
    def events(self) -> list[ReceivedEvent]:
        """The events of the body without ``LIBRARY_EVENTS``. An event that no blank line ends is ignored."""
        now = 0.0

        def body() -> Iterator[bytes]:
            nonlocal now
            for seconds, data in self.chunks:
                now = seconds
                yield data

        replayed = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body())
        replayed.encoding = "utf-8-sig"  # browsers always decode event streams so
        events = [ReceivedEvent(sse.event, sse.data, sse.id, now) for sse in EventSource(replayed).iter_sse()]
        return [event for event in events if event.data or event.name not in LIBRARY_EVENTS]

    @property
    def has_rest(self) -> bool:
        """Whether the body ends in the middle of an event."""
        text = self.body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return any(line and not line.startswith(b":") for line in text.rpartition(b"\n\n")[2].split(b"\n"))


@dataclass(frozen=True, slots=True)
class Visit:
    """The responses of a visit. ``preflight`` and ``stream`` are None when the visit ended before them.

    ``written`` is how many seconds the server took to write the answer; None if unknown. ``deleted``: the session of
    the visit was deleted.
    """

    options: Response
    preflight: Response | None = None
    stream: Response | None = None
    written: float | None = None
    session_id: str = ""
    deleted: bool = True


async def visit(target: Target, *, origin: str | None, timeout: float, ask_database: bool) -> Visit:
    """Visits the server. Raises NoResponse.

    With ``ask_database``, looks up how long the server wrote the answer, if both use the same database.
    """
    async with httpx.AsyncClient(
        verify=ssl.create_default_context(),  # the certificates of the system
        trust_env=False,  # a client on another machine does not use the proxy of this machine
        limits=httpx.Limits(max_keepalive_connections=0),
        headers={"User-Agent": "leafresh-doctor", "Accept-Encoding": "gzip"},
    ) as http:
        recorder = Recorder(http, target, time.monotonic() + timeout)
        options = await recorder.record("GET", OPTIONS, {"Accept": "application/json"})
        if options.status != 200:
            return Visit(options)
        session_id = f"doctor-{uuid.uuid4().hex}"
        page = {"Origin": origin} if origin else {}
        asked = {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": ",".join(settings.CORS_ALLOW_HEADERS),
        }
        path = f"{STREAM}?{urlencode({'sessionId': session_id, **_selection(options)})}"
        accepted = {"Accept": "text/event-stream", "Cache-Control": "no-cache"}
        proof: dict[str, str] = {}
        try:
            preflight = await recorder.record("OPTIONS", STREAM, page | asked) if origin else None
            stream = await recorder.record("GET", path, accepted | page)
            proof = {TOKEN_HEADER: stream.headers.get(TOKEN_HEADER, "")}  # shows that this client owns the session
            written = await sync_to_async(_seconds_written)(stream.events) if ask_database else None
        finally:
            recorder.deadline = time.monotonic() + DELETION_SECONDS
            deleted = False
            with contextlib.suppress(NoResponse):
                deleted = (await recorder.record("DELETE", SESSIONS + session_id, proof)).status == 200
        return Visit(options, preflight, stream, written, session_id, deleted)


@dataclass(slots=True)
class Recorder:
    """Sends each request on a new connection until ``deadline``, in seconds of the monotonic clock."""

    http: httpx.AsyncClient
    target: Target
    deadline: float

    async def record(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """Reads the response to its end. Raises NoResponse when there is none."""
        step = ""

        async def trace(name: str, _: object) -> None:
            nonlocal step
            step = name

        began = time.monotonic()
        left = max(self.deadline - began, 0.001)  # httpx treats 0 as an expired timeout
        options: Any = {"headers": headers, "timeout": left, "extensions": {"trace": trace}}
        request = self.http.build_request(method, f"{self.target}{path}", **options)
        response: httpx.Response | None = None
        ending: BodyEnd = "ended"
        chunks: list[tuple[float, bytes]] = []
        try:
            async with asyncio.timeout(left + GRACE_SECONDS):  # a timeout of httpx is for each part of a body
                response = await self.http.send(request, stream=True)
                async for data in response.aiter_bytes():
                    chunks.append((time.monotonic() - began, data))
                    if sum(len(data) for _, data in chunks) >= MAX_BYTES:
                        ending = "unfinished"
                        break
        except (TimeoutError, httpx.HTTPError) as error:
            if response is None:
                raise await self._no_response(error, step) from None
            ending = "unfinished" if isinstance(error, TIMEOUTS) else "broken"
        finally:
            if response is not None:
                await response.aclose()
        return Response(response.status_code, response.headers, tuple(chunks), ending)

    async def _no_response(self, error: Exception, step: str) -> NoResponse:
        """Finds out why there is no response, from the cause of the error and the last step of httpx."""
        late = isinstance(error, TIMEOUTS)
        name, detail = "unreachable.silent" if late else "unreachable.closed", ""
        causes = [cause for cause in _causes(error) if isinstance(cause, OSError)]
        if step.startswith("connection.connect_tcp"):
            name = "unreachable.dropped" if late else "unreachable.route"
            detail = str(causes[-1].strerror if causes else "")
            if any(isinstance(cause, socket.gaierror) for cause in causes):
                name = "unreachable.name"
            elif any(isinstance(cause, ConnectionRefusedError) for cause in causes):
                name = "unreachable.refused"
        elif step.startswith("connection.start_tls"):
            name, detail = "unreachable.tls", "no answer to the handshake" if late else "it closes the connection"
            for cause in causes:
                if isinstance(cause, ssl.SSLCertVerificationError):
                    name, detail = "unreachable.certificate", cause.verify_message
                elif isinstance(cause, ssl.SSLError) and not late:
                    detail = cause.reason
        elif not await self._speaks_http():
            name = "unreachable.not_http"
        return NoResponse(name, self.target, detail)

    async def _speaks_http(self) -> bool:
        """Whether the server speaks HTTP. httpx cannot tell that another protocol answers: it waits for a blank
        line."""
        with contextlib.suppress(OSError):  # a TimeoutError is one
            async with asyncio.timeout(SECOND_LOOK_SECONDS):
                tls = ssl.create_default_context() if self.target.scheme == "https" else None
                reader, writer = await asyncio.open_connection(self.target.host, self.target.port, ssl=tls)
                with contextlib.closing(writer):
                    writer.write(b"GET / HTTP/1.0\r\n\r\n")
                    return await reader.read(5) in {b"", b"HTTP/"}
        return True


def explain_status(response: Response, target: Target, path: str) -> checks.CheckMessage | None:
    """A finding that explains a response with another status than 200; None for 200."""
    status = response.status
    if status == 200:
        return None
    text = response.body.decode("utf-8", errors="replace")
    try:
        said = str(json.loads(text)["message"])
    except (ValueError, TypeError, LookupError):  # no envelope
        said = " ".join(text.split())[:120] or "it does not say why."
    place = urljoin(f"{target}{path}", response.headers.get("location", ""))
    base = place.partition(path)[0] if path in place else place
    name = "status.redirect" if 300 <= status < 400 else STATUSES.get(status, "status.other")
    if status == 400 and HOST_SETTING in said:  # the error message of this project names the setting
        name = "status.host"
    values = {"target": target, "path": path, "status": status, "said": said, "place": place, "base": base}
    return found(name, **values, **_places(target))


def refused_host(target: Target) -> checks.CheckMessage:
    return found("status.host", **_places(target))


def _places(target: Target) -> dict[str, object]:
    return {"host": target.bracketed, "port": target.port, "setting": host_setting(target.bracketed)}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and the errors that caused it. There are several if the host has several addresses."""
    if error is not None:
        yield error
        for cause in (error.__cause__ or error.__context__, *getattr(error, "exceptions", ())):
            yield from _causes(cause)


def _selection(options: Response) -> dict[str, str]:
    """The first location, work type and category that the server offers."""
    first = {"location": "city", "workType": "office", "category": "ZERO_WASTE"}
    try:
        data = json.loads(options.body)["data"]
        kinds = ("locations", "workTypes", "categories")
        return {name: str(data[kind][0]["key"]) for name, kind in zip(first, kinds, strict=True)}
    except (ValueError, TypeError, LookupError):
        return first


def _seconds_written(events: list[ReceivedEvent]) -> float | None:
    """The seconds from the first token to the end of the answer, as the server measured them."""
    try:  # the format of an event id is generation-<id>:<n>
        key = uuid.UUID(events[0].id.removeprefix("generation-").partition(":")[0])
        times = Generation.objects.filter(pk=key).values_list("first_token_ms", "duration_ms").first()
    except (LookupError, ValueError, Error):
        return None
    first, whole = times or (None, None)
    return None if first is None or whole is None else (whole - first) / 1000
