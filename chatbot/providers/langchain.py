"""Hosted chat models through LangChain. It is imported only when needed, because that takes seconds and memory."""

import importlib
import importlib.util
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chatbot import executors
from chatbot.providers.base import ProviderError, ProviderRequest
from chatbot.providers.limits import Limits, within
from chatbot.providers.schema import answer_format, challenges_format

logger = logging.getLogger(__name__)

PROVIDER_PACKAGES = {
    "anthropic": "langchain-anthropic",
    "google_genai": "langchain-google-genai",
    "google_vertexai": "langchain-google-vertexai",
    "groq": "langchain-groq",
    "mistralai": "langchain-mistralai",
    "ollama": "langchain-ollama",
    "openai": "langchain-openai",
}
"""The Python package for each known provider."""


class LangChainProvider:
    """One chat model for one event loop. LangChain's model is created with the first call, and reused.

    ``temperature`` and ``max_tokens`` are the settings of the prompt version; None means the defaults.
    """

    hosted = True

    def __init__(self, model: str, *, temperature: float | None = None, max_tokens: int | None = None) -> None:
        self.name = model
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._model: Any = None

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        limits = Limits.from_settings()
        try:
            await self._prepare()
            async with aclosing(within(limits, self._pieces(request))) as pieces:
                async for piece in pieces:
                    yield piece
        except ProviderError as error:
            raise ProviderError(f"{self.name}: {error}") from None
        except Exception as error:  # a model's client may raise any error; another provider answers
            raise ProviderError(f"{self.name}: {describe(error)}") from None

    async def _pieces(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        asked_for_schema = bool(request.output_schema) and self._asks_for_schema()
        try:
            async with aclosing(self._call(request, with_schema=asked_for_schema)) as pieces:
                async for piece in pieces:
                    yield piece
        except Exception as error:  # only a 400 matters here
            if not (asked_for_schema and getattr(error, "status_code", None) == 400):
                raise
            async with aclosing(self._call(request, with_schema=False)) as pieces:
                async for piece in pieces:
                    if self.name not in _without_schema:  # it succeeds without the schema, which was the problem
                        logger.warning("%s refuses a JSON schema: from now on only the prompt describes it", self.name)
                        _without_schema.add(self.name)
                    yield piece

    async def _call(self, request: ProviderRequest, *, with_schema: bool) -> AsyncGenerator[str, None]:
        options: dict[str, Any] = {}
        if with_schema:
            shape = (challenges_format if request.why else answer_format)(request.output_schema)
            # If it were passed as ``response_format``, LangChain would raise for a truncated answer that is already
            # shown.
            options["extra_body"] = {"response_format": {"type": "json_schema", "json_schema": shape}}
        messages = [("system", request.system_prompt), ("human", _user_text(request))]
        async with aclosing(self._model.astream(messages, **options)) as chunks:
            async for chunk in chunks:
                if chunk.usage_metadata:
                    request.report.add(chunk.usage_metadata["input_tokens"], chunk.usage_metadata["output_tokens"])
                if chunk.text:
                    yield str(chunk.text)

    async def _prepare(self) -> None:
        """Creates the model in a thread, because that imports packages and reads certificates."""
        if self._model is None:
            if self.name not in _loaded:
                await executors.models.run(load, self.name)
            max_tokens = self._max_tokens or settings.LEAFRESH_MAX_TOKENS
            made = await executors.models.run(_make_model, self.name, self._temperature, max_tokens)
            self._model = self._model or made

    def _asks_for_schema(self) -> bool:
        mode = settings.LEAFRESH_SCHEMA_MODE.get(self.name, "auto")
        if mode == "auto":
            return self.name.startswith("openai:") and self.name not in _without_schema
        return bool(mode == "json_schema")


_without_schema: set[str] = set()
"""The models that have answered 400 to a JSON schema since the process started."""


def _user_text(request: ProviderRequest) -> str:
    if not request.why:
        return request.user_prompt
    already = json.dumps(list(request.already), ensure_ascii=False)
    return (
        f"{request.user_prompt}\n\n"
        f"앞선 답변에는 문제가 있었습니다: {request.why}\n"
        f"다음 제목과 겹치지 않는 챌린지 {request.missing}개만 새로 써 주세요: {already}\n"
        '{"challenges": [...]} 형식의 JSON만 출력합니다.'
    )


_loaded: set[str] = set()
"""The models whose packages are imported."""


def load(model: str) -> None:
    """Imports LangChain and the provider's package. The first time takes seconds, so call it in a thread."""
    importlib.import_module("langchain.chat_models")
    importlib.import_module(_package(model).replace("-", "_"))
    _loaded.add(model)


def _make_model(name: str, temperature: float | None, max_tokens: int) -> Any:
    httpx = importlib.import_module("httpx")
    chat_models = importlib.import_module("langchain.chat_models")
    options: dict[str, Any] = {"max_tokens": max_tokens, "max_retries": 0}
    if temperature is not None:
        options["temperature"] = temperature
    if name.startswith("openai:"):
        # With another base URL, token counts must be requested explicitly. ``within`` enforces the other limits.
        timeout = httpx.Timeout(None, connect=settings.LEAFRESH_CONNECT_SECONDS)
        options |= {"stream_usage": True, "timeout": timeout, "stream_chunk_timeout": None}
    return chat_models.init_chat_model(name, **options)


def describe(error: Exception) -> str:
    """The status or the type of the error. Its message is left out, because it may repeat parts of the request."""
    status = getattr(error, "status_code", None)
    return f"HTTP {status}" if status else type(error).__name__


def check_installed(model: str) -> None:
    """Raises ImproperlyConfigured, with the command to install it, when the provider's package is missing."""
    package = _package(model)
    if importlib.util.find_spec(package.replace("-", "_")) is None:
        raise ImproperlyConfigured(f"The chat model {model} needs a package: pip install {package}")


def _package(model: str) -> str:
    provider = model.partition(":")[0]
    return PROVIDER_PACKAGES.get(provider, f"langchain-{provider.replace('_', '-')}")
