"""Recorded streams for the checks: a valid one, and functions that change it."""

import json
from collections.abc import Iterable, Sequence

import httpx
from django.core import checks

from chatbot.diagnostics.deployment import Target
from chatbot.diagnostics.visit import BodyEnd, Response
from chatbot.events.types import encode, frame

TARGET = Target.parse("http://127.0.0.1:8000")
GENERATION = "7f0c1c0e-8f0b-4a53-9d39-2f6d6c1f7a10"
RECOMMEND = "도시에서 시작하는 비건 챌린지예요."
CHALLENGES = [
    {"title": "채소 한 끼", "description": "점심을 채소로만 차려 보세요.", "category": "VEGAN", "label": "비건"},
    {"title": "두유 라테", "description": "우유 대신 두유를 골라 보세요.", "category": "VEGAN", "label": "비건"},
    {"title": "비건 간식", "description": "간식을 과일로 바꿔 보세요.", "category": "VEGAN", "label": "비건"},
]
TEXT = "\n\n".join(
    [RECOMMEND, *(f"{n}. {item['title']}\n{item['description']}" for n, item in enumerate(CHALLENGES, start=1))]
)
HEADERS = (("content-type", "text/event-stream"), ("x-accel-buffering", "no"), ("server", "leafresh"))
OPENING = b":   \n\nevent: stream-open\ndata:\n\n"

LEVELS = {checks.INFO: "ok", checks.WARNING: "warning", checks.ERROR: "fault"}

Event = tuple[str, object]


def envelope(data: object, *, status: int = 200, message: str = "성공") -> dict[str, object]:
    return {"status": status, "message": message, "data": data}


def good_events() -> list[Event]:
    """The names and envelopes of a complete stream: start, 18 tokens, three items, close."""
    start = {
        "generationId": GENERATION,
        "sessionId": "s",
        "category": {"key": "VEGAN", "label": "비건"},
        "promptVersion": "base-info@1",
        "source": "catalog",
    }
    answer = {"kind": "recommendation", "recommend": RECOMMEND, "challenges": CHALLENGES}
    tokens = [TEXT[place : place + 6] for place in range(0, len(TEXT), 6)]
    return [
        ("start", envelope(start)),
        *(("challenge", envelope({"token": token})) for token in tokens),
        *(("item", envelope({"index": index, **item})) for index, item in enumerate(CHALLENGES, start=1)),
        ("close", envelope(answer)),
    ]


def framed(events: Sequence[Event], *, first: int = 1) -> list[bytes]:
    """Each event with its number as it is sent."""
    return [
        frame(name, encode(value), event_id=f"generation-{GENERATION}:{number}").encode()
        for number, (name, value) in enumerate(events, start=first)
    ]


def recorded(
    frames: Sequence[bytes],
    *,
    headers: Sequence[tuple[str, str]] = HEADERS,
    seconds: Sequence[float] | None = None,
    ending: BodyEnd = "ended",
) -> Response:
    """A response whose frames arrived one by one, every 50 ms or at the times in ``seconds``."""
    times = seconds or [0.05 * place for place in range(1, len(frames) + 1)]
    chunks = [(0.01, OPENING), *zip(times, frames, strict=True)]
    return Response(200, httpx.Headers(list(headers)), tuple(chunks), ending)


def level_and_message(finding: checks.CheckMessage) -> tuple[str, str]:
    """The level of a finding as a word, and its message."""
    return LEVELS[finding.level], finding.msg


def levels(findings: Iterable[checks.CheckMessage]) -> list[str]:
    return [LEVELS[finding.level] for finding in findings]


def options_body() -> bytes:
    kinds = {"locations": "city", "workTypes": "office", "categories": "VEGAN"}
    data = {kind: [{"key": key, "label": key, "description": "", "emoji": ""}] for kind, key in kinds.items()}
    return json.dumps(envelope(data)).encode()
