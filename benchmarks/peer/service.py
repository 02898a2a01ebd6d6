"""The peer's web service. ``PEER_MODEL`` names the model; ``memory-COUNT-PAUSE`` takes it away."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import FastAPI
from sse_starlette import EventSourceResponse, ServerSentEvent

from benchmarks.peer.writers import HostedWriter, MemoryWriter


def _writer() -> HostedWriter | MemoryWriter:
    model = os.environ["PEER_MODEL"]
    if model.startswith("memory-"):
        _, count, pause = model.split("-")
        return MemoryWriter(int(count), float(pause))
    return HostedWriter()


app = FastAPI()
writer = _writer()


def _encoded(message: str, data: Any, *, status: int = 200) -> str:
    return json.dumps({"status": status, "message": message, "data": data}, ensure_ascii=False, separators=(",", ":"))


async def _events(location: str, work_type: str, category: str) -> AsyncIterator[ServerSentEvent]:
    """One event per token, then one with the whole answer, or an error."""
    pieces: list[str] = []
    try:
        async with aclosing(writer.write(location, work_type, category)) as tokens:  # type: ignore[type-var]
            async for token in tokens:
                pieces.append(token)
                yield ServerSentEvent(_encoded("토큰 생성", {"token": token}), event="challenge")
        answer = json.loads("".join(pieces))
    except Exception:  # the person is told, whatever it was
        yield ServerSentEvent(_encoded("추천 실패", None, status=502), event="error")
        return
    yield ServerSentEvent(_encoded("모든 챌린지 추천 완료", answer), event="close")


@app.get("/recommendation")  # type: ignore[untyped-decorator]  # fastapi is not always installed
async def recommendation(location: str, workType: str, category: str) -> EventSourceResponse:  # noqa: N803  wire names
    """A stream of the answer for a selection (labels)."""
    return EventSourceResponse(_events(location, workType, category))


@app.get("/health")  # type: ignore[untyped-decorator]  # the same
async def health() -> dict[str, int]:
    """That it runs."""
    return {"status": 200}
