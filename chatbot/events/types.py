"""The types of events in a stream, and their encoding.

Each event becomes an envelope ``{"status", "message", "data"}`` on one line of JSON. Korean text is not escaped.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

TERMINAL = frozenset({"close", "error"})
"""The names of the events that end a stream."""

TokenFormat = Literal["object", "text"]


class Event(Protocol):
    """An event that can be published. ``name`` is its name on the wire."""

    @property
    def name(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def message(self) -> str: ...
    def payload(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Start:
    """The first event. In the log it has no session; each subscription adds the id of its session."""

    generation_id: str
    category_key: str
    category_label: str
    prompt_version: str
    source: str
    session_id: str = ""
    name: ClassVar[str] = "start"
    status: ClassVar[int] = 200
    message: ClassVar[str] = "추천을 시작합니다."

    def payload(self) -> object:
        return {
            "generationId": self.generation_id,
            "sessionId": self.session_id,
            "category": {"key": self.category_key, "label": self.category_label},
            "promptVersion": self.prompt_version,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of the answer's text."""

    text: str
    name: ClassVar[str] = "challenge"
    status: ClassVar[int] = 200
    message: ClassVar[str] = "토큰 생성"

    def payload(self) -> object:
        return {"token": self.text}


@dataclass(frozen=True, slots=True)
class Item:
    """A challenge is complete. ``challenge`` has ``title``, ``description``, ``category`` and ``label``."""

    index: int
    challenge: Mapping[str, str]
    name: ClassVar[str] = "item"
    status: ClassVar[int] = 200
    message: ClassVar[str] = "챌린지 완성"

    def payload(self) -> object:
        return {"index": self.index, **self.challenge}


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The client keeps the first ``length`` UTF-16 code units of the text. The next tokens replace the rest."""

    length: int
    name: ClassVar[str] = "rewrite"
    status: ClassVar[int] = 200
    message: ClassVar[str] = "문장 수정"

    def payload(self) -> object:
        return {"length": self.length}


@dataclass(frozen=True, slots=True)
class Notice:
    """Information for the person, such as a changed category. ``kind`` is its type."""

    kind: str
    details: Mapping[str, object]
    name: ClassVar[str] = "notice"
    status: ClassVar[int] = 200
    message: ClassVar[str] = "알림"

    def payload(self) -> object:
        return {"kind": self.kind, **self.details}


@dataclass(frozen=True, slots=True)
class Close:
    """The complete answer. It ends the stream.

    ``stopped``: a person stopped the answer, so it has only the parts that were complete. ``help_lines`` are the phone
    numbers in an answer to a person in danger: ``{"name", "number"}``.
    """

    kind: str
    recommend: str
    challenges: Sequence[Mapping[str, str]]
    stopped: bool = False
    help_lines: Sequence[Mapping[str, str]] = ()
    name: ClassVar[str] = "close"
    status: ClassVar[int] = 200

    @property
    def message(self) -> str:
        if self.stopped:
            return "추천을 멈췄습니다."
        return "모든 챌린지 추천 완료" if self.kind == "recommendation" else "답변 완료"

    def payload(self) -> dict[str, object]:
        answer: dict[str, object] = {
            "kind": self.kind,
            "recommend": self.recommend,
            "challenges": [dict(challenge) for challenge in self.challenges],
        }
        if self.help_lines:
            answer["help"] = {"lines": [dict(line) for line in self.help_lines]}
        return {**answer, "stopped": True} if self.stopped else answer

    def basic(self) -> dict[str, object]:
        """The payload with what the first version of the API had, for back ends that refuse unknown properties."""
        challenges = [{name: challenge[name] for name in ("title", "description")} for challenge in self.challenges]
        return {"recommend": self.recommend, "challenges": challenges}


@dataclass(frozen=True, slots=True)
class Failed:
    """An error that ends the stream without an answer."""

    status: int
    message: str
    data: Mapping[str, object] | None = None
    name: ClassVar[str] = "error"

    def payload(self) -> object:
        return self.data


@dataclass(frozen=True, slots=True)
class DecodedEvent:
    """An event that was decoded, for example from another process."""

    name: str
    status: int
    message: str
    data: object

    def payload(self) -> object:
        return self.data


def decode_event(name: str, data: str) -> DecodedEvent:
    """Decodes ``data`` that ``encode_event`` wrote."""
    envelope = json.loads(data)
    return DecodedEvent(name, envelope["status"], envelope["message"], envelope["data"])


def encode(value: object) -> str:
    """Compact JSON on one line. Korean text is not escaped."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode_event(event: Event) -> str:
    """The event's envelope as JSON: the text after ``data:``."""
    return encode({"status": event.status, "message": event.message, "data": event.payload()})


def frame(name: str, data: str, *, event_id: str = "", retry_seconds: int | None = None) -> str:
    """One server-sent event as text (WHATWG HTML §9.2). ``data`` must be a single line.

    The id comes last. Some clients take it as seen when they read its line. A connection that breaks before the data
    would then lose the event.
    """
    lines = [f"event: {name}"]
    if retry_seconds is not None:
        lines.append(f"retry: {retry_seconds * 1000}")
    lines.append(f"data: {data}")
    if event_id:
        lines.append(f"id: {event_id}")
    return "\n".join([*lines, "", ""])


_TOKEN_HEAD = encode_event(Token("")).removesuffix('{"token":""}}')


def read_data(data: str) -> Any:
    """The payload in an event's data."""
    return json.loads(data)["data"]


def for_session(start_data: str, session_id: str, session_token: str = "") -> str:
    """The data of a ``start`` event with the subscriber's session id, and its session token if there is one."""
    envelope = json.loads(start_data)
    envelope["data"]["sessionId"] = session_id
    if session_token:
        envelope["data"]["sessionToken"] = session_token
    return encode(envelope)


def as_text_token(token_data: str) -> str:
    """The data of a ``challenge`` event with the bare string instead of ``{"token": …}``."""
    text = token_data.removeprefix(_TOKEN_HEAD).removeprefix('{"token":').removesuffix("}}")
    return f"{_TOKEN_HEAD}{text}}}"
