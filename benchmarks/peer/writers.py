"""Who writes the peer's answers: a hosted model, or tokens from memory when the model is taken away."""

import asyncio
import os
from collections.abc import AsyncIterator

from benchmarks.answers import answer_tokens


class HostedWriter:
    """ChatOpenAI, made once for the process."""

    def __init__(self) -> None:
        from langchain_openai import ChatOpenAI

        from benchmarks.peer.prompt import PROMPT

        self._prompt = PROMPT
        self._model = ChatOpenAI(
            model=os.environ["PEER_MODEL"],
            max_completion_tokens=1024,
            max_retries=0,
            stream_usage=True,
        )

    async def write(self, location: str, work_type: str, category: str) -> AsyncIterator[str]:
        """The answer's text in pieces."""
        messages = self._prompt.format_messages(location=location, work_type=work_type, category=category)
        async for chunk in self._model.astream(messages):
            if chunk.text:
                yield chunk.text


class MemoryWriter:
    """``count`` tokens from memory, ``pause`` seconds behind each (0: only the loop is given its turn)."""

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
