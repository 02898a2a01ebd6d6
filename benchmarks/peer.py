"""The peer: the service that a good engineer would write in an afternoon, with FastAPI, sse-starlette and ChatOpenAI.

uvicorn runs it. ``PEER_MODEL`` names the model; ``memory-COUNT-PAUSE`` takes it away. Its prompt is different, but has
the same length as ours.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from fastapi import FastAPI
from sse_starlette import EventSourceResponse, ServerSentEvent

from benchmarks.answers import answer_tokens

SYSTEM = """\
당신은 친환경 챌린지 추천 도우미입니다. 사람들이 오늘 바로 시작할 수 있는 작고 구체적인 실천을 다정하게 권합니다.

지켜야 할 것:
- 모든 문장은 자연스러운 한국어 해요체로 씁니다. 영어, 이모지, 마크다운은 쓰지 않습니다.
- recommend는 친근한 한 문장이고, 반드시 '{category}'라는 말이 들어가며 {category} 이야기를 합니다.
- challenges는 정확히 세 개이고, 서로 다른 실천이어야 합니다.
- title은 띄어쓰기를 포함해 1자 이상 10자 이하이고, description을 요약한 말입니다. 번호를 붙이지 않습니다.
- description은 무엇을 어떻게 하면 되는지 알려 주는 한 문장입니다.
- 사는 곳과 일하는 방식에 실제로 어울리고, 돈이 거의 들지 않으며, 안전한 실천만 권합니다.
- 아래 형식의 JSON만 출력합니다. JSON 앞뒤에 설명이나 코드 블록을 붙이지 않습니다.

출력 형식:
{{"recommend": "...", "challenges": [{{"title": "...", "description": "...", "category": "..."}}]}}
"""

USER = """\
사는 곳: {location}
일하는 방식: {work_type}
관심 있는 주제: {category}

이 사람에게 어울리는 {category} 챌린지 세 가지를 추천해 주세요.
"""


class HostedWriter:
    """Writes with ChatOpenAI, made once for the process."""

    def __init__(self, model: str) -> None:
        # Not at the top: figures without a model compare services without LangChain.
        from langchain_core.prompts import ChatPromptTemplate
        from langchain_openai import ChatOpenAI

        self._prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", USER)])
        self._model = ChatOpenAI(model=model, max_completion_tokens=1024, max_retries=0, stream_usage=True)

    async def write(self, location: str, work_type: str, category: str) -> AsyncIterator[str]:
        """The answer's text in pieces."""
        messages = self._prompt.format_messages(location=location, work_type=work_type, category=category)
        async for chunk in self._model.astream(messages):
            if chunk.text:
                yield chunk.text


class MemoryWriter:
    """Writes ``count`` tokens from memory, with a pause of ``pause`` seconds after each (0 gives the loop its turn)."""

    def __init__(self, count: int, pause: float) -> None:
        self._count, self._pause = count, pause
        self._answers: dict[str, list[str]] = {}

    async def write(self, location: str, work_type: str, category: str) -> AsyncIterator[str]:
        """The answer's text in pieces."""
        if category not in self._answers:
            self._answers[category] = answer_tokens(category, self._count)
        for token in self._answers[category]:
            yield token
            await asyncio.sleep(self._pause)


def _writer(model: str) -> HostedWriter | MemoryWriter:
    if model.startswith("memory-"):
        _, count, pause = model.split("-")
        return MemoryWriter(int(count), float(pause))
    return HostedWriter(model)


app = FastAPI()
writer = _writer(os.environ["PEER_MODEL"])


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
    except Exception:  # the client gets an error event, whatever failed
        yield ServerSentEvent(_encoded("추천 실패", None, status=502), event="error")
        return
    yield ServerSentEvent(_encoded("모든 챌린지 추천 완료", answer), event="close")


@app.get("/recommendation")  # type: ignore[untyped-decorator]  # fastapi is not always installed
async def recommendation(location: str, workType: str, category: str) -> EventSourceResponse:  # noqa: N803  wire names
    """A stream of the answer for a selection (labels)."""
    return EventSourceResponse(_events(location, workType, category))


@app.get("/health")  # type: ignore[untyped-decorator]  # the same
async def health() -> dict[str, int]:
    """Whether the process runs."""
    return {"status": 200}
