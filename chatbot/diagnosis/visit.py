"""One visit to the running server as a client makes it: what can be picked, one stream, and the session forgotten."""

import json
import uuid
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.db import Error

from chatbot.diagnosis.exchange import Client, Response, Unreachable
from chatbot.diagnosis.reading import started
from chatbot.diagnosis.sse import Frame, read_frames
from chatbot.diagnosis.target import Target
from chatbot.diagnosis.wire import LIBRARY_EVENTS
from chatbot.models import Generation

OPTIONS = "/api/challenges/options"
STREAM = "/ai/chatbot/recommendation/base-info"
SESSIONS = "/api/chatbot/sessions/"
PARTING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Visit:
    """What the server answered. ``stream`` and ``preflight`` are None when the visit did not come so far, ``forgotten``
    is whether the visit's own session is gone again. ``written`` is how many seconds the server wrote, None if that is
    not known."""

    options: Response
    preflight: Response | None = None
    stream: Response | None = None
    written: float | None = None
    session_id: str = ""
    forgotten: bool = True

    @property
    def frames(self) -> tuple[list[Frame], bool]:
        return read_frames(self.stream.chunks if self.stream else ())

    @property
    def events(self) -> list[Frame]:
        """The stream's frames without django-eventstream's own."""
        return own_events(self.frames[0])


def visit(target: Target, *, origin: str | None, timeout: float, ask_database: bool) -> Visit:
    """``ask_database`` looks up how long the server wrote, in case it has the same database. Raises Unreachable."""
    client = Client(target, timeout=timeout)
    options = client.send("GET", OPTIONS, {"Accept": "application/json"})
    if options.status != 200:
        return Visit(options)
    session_id = f"doctor-{uuid.uuid4().hex}"
    crossing = {"Origin": origin} if origin else {}
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "last-event-id"}
    path = f"{STREAM}?{urlencode({'sessionId': session_id, **_selection(options)})}"
    # What a browser sends: a proxy compresses only for those that say that they can read it.
    accepted = {"Accept": "text/event-stream", "Accept-Encoding": "gzip", "Cache-Control": "no-cache"}
    try:
        preflight = client.send("OPTIONS", STREAM, crossing | asked) if origin else None
        stream = client.send("GET", path, accepted | crossing)
        generation_id = str(started(own_events(read_frames(stream.chunks)[0])).get("generationId", ""))
        written = _seconds_written(generation_id) if ask_database else None
    finally:
        forgotten = _forget(target, session_id)
    return Visit(options, preflight, stream, written, session_id, forgotten)


def own_events(frames: list[Frame]) -> list[Frame]:
    return [frame for frame in frames if frame.name not in LIBRARY_EVENTS and frame.data]


def _selection(options: Response) -> dict[str, str]:
    """The first location, work type and category that the server offers."""
    first = {"location": "city", "workType": "office", "category": "ZERO_WASTE"}
    try:
        data = json.loads(options.body)["data"]
        return {name: str(data[kind][0]["key"]) for name, kind in zip(first, _KINDS, strict=True)}
    except (ValueError, TypeError, LookupError):
        return first


_KINDS = ("locations", "workTypes", "categories")


def _seconds_written(generation_id: str) -> float | None:
    """From the first token to the end, as the server measured it."""
    try:
        key = uuid.UUID(generation_id)
        times = Generation.objects.filter(pk=key).values_list("first_token_ms", "duration_ms").first()
    except (ValueError, Error):
        return None
    first, whole = times or (None, None)
    return None if first is None or whole is None else (whole - first) / 1000


def _forget(target: Target, session_id: str) -> bool:
    try:
        path = SESSIONS + quote(session_id, safe="")
        return Client(target, timeout=PARTING_SECONDS).send("DELETE", path).status == 200
    except Unreachable:
        return False
