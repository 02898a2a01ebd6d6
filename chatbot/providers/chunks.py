"""Reads the chunks of LangChain's models: text, reasoning, tool calls and token counts."""

import importlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from chatbot.providers.base import Report

MOST_TOKENS = 100_000_000
"""A greater count is wrong, and does not fit the database column."""

_REASONING = ("reasoning_content", "reasoning")
"""The keys of reasoning in OpenAI's protocol. LangChain ignores them."""


class Usage:
    """The token counts of one call. Some servers send the count so far in every chunk, so only the last one counts."""

    def __init__(self) -> None:
        self._last: Mapping[str, Any] = {}

    def note(self, chunk: Any) -> None:
        self._last = chunk.usage_metadata or self._last

    def report(self, report: Report) -> None:
        report.add(_count(self._last.get("input_tokens")), _count(self._last.get("output_tokens")))


def _count(value: object) -> int | None:
    """The value if it is a possible count."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS
    return value if is_count and isinstance(value, int) else None


def text_in(chunk: Any) -> str:
    """The text of the chunk. Some models write the answer as the arguments of a tool call."""
    calls = getattr(chunk, "tool_call_chunks", ())
    return str(chunk.text) or "".join(str(call.get("args") or "") for call in calls)


def reasoning_in(chunk: Any) -> str:
    """The reasoning in the chunk."""
    said = chunk.additional_kwargs.get("reasoning_content") or ""
    blocks = chunk.content if isinstance(chunk.content, list) else []
    of_blocks = [
        str(block.get("thinking") or block.get("reasoning") or "")
        for block in blocks
        if isinstance(block, dict) and block.get("type") in {"thinking", "reasoning"}
    ]
    return "".join([said if isinstance(said, str) else "", *of_blocks])


def reading_everything(name: str, options: Mapping[str, Any]) -> Any:
    """Creates LangChain's model for OpenAI's protocol. Its chunks have the reasoning, and only valid token counts."""
    provider, _, model = name.partition(":")
    return _reading_everything(provider)(model=model, **options)


@cache
def _reading_everything(provider: str) -> Any:
    module = importlib.import_module("langchain_openai")
    base: Any = module.AzureChatOpenAI if provider == "azure_openai" else module.ChatOpenAI

    class Everything(base):  # type: ignore[misc]  # the base is known only once LangChain is imported
        def _convert_chunk_to_generation_chunk(self, chunk: dict[str, Any], *others: Any) -> Any:
            converted = super()._convert_chunk_to_generation_chunk({**chunk, "usage": _usage(chunk)}, *others)
            if converted is not None and (said := _reasoning(chunk)):
                converted.message.additional_kwargs["reasoning_content"] = said
            return converted

    Everything.__name__ = base.__name__
    return Everything


def _usage(chunk: Mapping[str, Any]) -> dict[str, Any] | None:
    """Only the two counts, as numbers, because LangChain adds up all values."""
    usage = chunk.get("usage")
    if not isinstance(usage, Mapping):
        return None
    names = ("prompt_tokens", "completion_tokens")
    counts = {name: -1 if (count := _count(usage.get(name))) is None else count for name in names}
    return {**counts, "total_tokens": 0}


def _reasoning(chunk: Mapping[str, Any]) -> str:
    choices = chunk.get("choices") or [{}]
    delta = choices[0].get("delta") or {}
    return next((delta[name] for name in _REASONING if isinstance(delta.get(name), str)), "")
