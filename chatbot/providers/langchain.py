"""Hosted chat models, through LangChain. It is imported when the first call is made: it costs seconds and memory."""

import asyncio
import importlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from django.conf import settings

from chatbot import executors
from chatbot.providers.base import ProviderError, ProviderRequest
from chatbot.providers.chunks import Usage, reading_everything, reasoning_in, text_in
from chatbot.providers.circuit import SKIPPED, CircuitBreaker
from chatbot.providers.failures import EMPTY, NO_STREAM, Failure
from chatbot.providers.limits import Limits, Reasoning, within
from chatbot.providers.negotiation import Part, negotiation_with
from chatbot.providers.packages import OPENAI_PROTOCOL, module_of, provider_of
from chatbot.providers.schema import answer_format, rest_format

MOST_REASONING = 65_536
"""How many characters of a model's reasoning are kept, in case they contain the answer."""


class LangChainProvider:
    """One chat model for one event loop. LangChain's model is created with the first call, and reused.

    ``temperature`` and ``max_tokens`` are the settings of the prompt version; None means the defaults.
    """

    hosted = True

    def __init__(
        self,
        model: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        circuit: CircuitBreaker | None = None,
    ) -> None:
        self.name = model
        self._temperature = temperature
        self._max_tokens = max_tokens
        self._circuit = circuit or circuit_of(model)
        self._models: dict[float | None, Any] = {}
        self._speaks_openai = provider_of(model) in OPENAI_PROTOCOL

    async def stream(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        call = self._circuit.enter()
        if call is None:
            raise ProviderError(f"{self.name}: {SKIPPED} {self._circuit.failures} failures in a row")
        has_text = False
        outcome = call.left
        try:
            async with aclosing(self._answer(request)) as pieces:
                async for piece in pieces:
                    has_text = has_text or not piece.isspace()
                    outcome = call.succeeded if has_text else call.left
                    yield piece
            outcome = call.succeeded if has_text else call.failed
        except ProviderError as error:
            outcome = call.failed
            raise ProviderError(f"{self.name}: {error}", words=error.words) from None
        except Exception as error:  # a model's client may raise any error; another provider answers
            failure = Failure.of(error)
            outcome = call.rejected if failure.is_about_the_request else call.failed
            raise ProviderError(f"{self.name}: {failure.kind}", words=failure.words) from None
        finally:
            outcome()

    async def _answer(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        """Yields the pieces of the answer. If no answer comes, the reasoning is the answer."""
        thoughts = ""
        has_answered = False
        async with aclosing(within(self._limits(request), self._pieces(request))) as pieces:
            async for piece in pieces:
                if isinstance(piece, Reasoning):
                    thoughts = (thoughts + piece)[-MOST_REASONING:]
                elif piece:
                    has_answered = has_answered or not piece.isspace()
                    yield piece
        if not has_answered and thoughts:
            yield thoughts

    def _limits(self, request: ProviderRequest) -> Limits:
        limits = replace(Limits.from_settings(), deadline=request.deadline)
        if Part.STREAM in negotiation_with(self.name).refused:  # the whole answer comes at once
            return replace(limits, first_token=limits.answer)
        return limits

    async def _pieces(self, request: ProviderRequest) -> AsyncGenerator[str, None]:
        await self._prepare()
        attempt = negotiation_with(self.name).attempt(self._wanted(request))
        while True:
            has_come = False
            failure: Failure = EMPTY
            try:
                async with aclosing(self._call(request, attempt.parts)) as pieces:
                    async for piece in pieces:
                        if piece and not piece.isspace():
                            has_come = True
                            attempt.answered()
                        yield piece
                if has_come:
                    return
            except Exception as error:  # a model's client may raise any error
                failure = _failure(error)
                if has_come or (pause := attempt.again(failure)) is None:
                    raise
            else:
                if (pause := attempt.again(failure)) is None:
                    return
            await asyncio.sleep(pause)

    async def _call(self, request: ProviderRequest, parts: frozenset[Part]) -> AsyncGenerator[str, None]:
        messages = [("system", request.system_prompt), ("human", _user_text(request))]
        if Part.SYSTEM not in parts:
            messages = [("human", f"{request.system_prompt}\n\n{_user_text(request)}".strip())]
        model = await self._model(parts)
        options = self._options(request, parts)
        usage, finish = Usage(), ""
        has_text = has_reasoning = False
        try:
            async with aclosing(_chunks(model, messages, options, is_streamed=Part.STREAM in parts)) as chunks:
                async for chunk in chunks:
                    usage.note(chunk)
                    finish = chunk.response_metadata.get("finish_reason") or finish
                    if thought := reasoning_in(chunk):
                        has_reasoning = True
                        yield Reasoning(thought)
                    if text := text_in(chunk):
                        has_text = True
                        yield text
        finally:
            usage.report(request.report)
        if finish == "length" and not has_text:
            owner = "prompt version" if self._max_tokens else "LEAFRESH_MAX_TOKENS"
            spent = "spent on reasoning" if has_reasoning else "spent"
            raise ProviderError(f"the token budget ({owner}: {self._most_tokens}) was {spent} before the answer began")

    def _options(self, request: ProviderRequest, parts: frozenset[Part]) -> dict[str, Any]:
        """The options of the call. LangChain would rename the parts in ``extra_body`` elsewhere."""
        extra: dict[str, Any] = {}
        options: dict[str, Any] = {}
        if Part.SCHEMA in parts:
            shape = answer_format(request.output_schema)
            if request.why:
                lacks = {"sentence": request.lacks_sentence, "challenges": bool(request.missing)}
                shape = rest_format(request.output_schema, **lacks)
            # If it were passed as ``response_format``, LangChain would raise for a truncated answer that is already
            # shown.
            extra["response_format"] = {"type": "json_schema", "json_schema": shape}
        if self._speaks_openai:
            options["stream_usage"] = Part.USAGE in parts
            if Part.TOKENS in parts:
                extra["max_tokens"] = self._most_tokens
            if Part.COMPLETION_TOKENS in parts:
                options["max_completion_tokens"] = self._most_tokens
            if Part.STREAM not in parts:
                del options["stream_usage"]
        return {**options, "extra_body": extra} if extra else options

    def _wanted(self, request: ProviderRequest) -> set[Part]:
        wanted = {Part.STREAM, Part.SYSTEM}
        if self._temperature is not None:
            wanted.add(Part.TEMPERATURE)
        if request.output_schema and self._asks_for_schema():
            wanted.add(Part.SCHEMA)
        if self._speaks_openai:
            wanted |= {Part.USAGE, Part.COMPLETION_TOKENS}
            if not self._is_openai_itself:
                wanted.add(Part.TOKENS)  # the older name; many servers know no other
        return wanted

    @property
    def _most_tokens(self) -> int:
        return self._max_tokens or settings.LEAFRESH_MAX_TOKENS

    @property
    def _is_openai_itself(self) -> bool:
        """Whether the server is OpenAI's or Azure's, which accept only one name of the limit."""
        model = next(iter(self._models.values()))
        return provider_of(self.name) != "openai" or "openai.com" in str(model.root_client.base_url)

    def _asks_for_schema(self) -> bool:
        mode = settings.LEAFRESH_SCHEMA_MODE.get(self.name, "auto")
        return self.name.startswith("openai:") if mode == "auto" else bool(mode == "json_schema")

    async def _prepare(self) -> None:
        if self.name not in _loaded:
            await executors.models.run(load, self.name)
        if not self._models:
            await self._model(frozenset(Part))

    async def _model(self, parts: frozenset[Part]) -> Any:
        """LangChain's model. It is created in a thread, because that imports packages and reads certificates."""
        temperature = self._temperature if Part.TEMPERATURE in parts else None
        if temperature not in self._models:
            made = await executors.models.run(_make_model, self.name, temperature, self._most_tokens)
            self._models.setdefault(temperature, made)
        return self._models[temperature]


def circuit_of(model: str) -> CircuitBreaker:
    """Creates a circuit breaker from the settings."""
    return CircuitBreaker(model, failures=settings.LEAFRESH_BREAKER_FAILURES, pause=settings.LEAFRESH_BREAKER_SECONDS)


def _failure(error: Exception) -> Failure:
    # LangChain raises this for a stream without events.
    if isinstance(error, ValueError) and "No generation" in str(error):
        return NO_STREAM
    return Failure.of(error)


async def _chunks(
    model: Any, messages: list[tuple[str, str]], options: dict[str, Any], *, is_streamed: bool
) -> AsyncGenerator[Any, None]:
    if not is_streamed:
        yield await model.ainvoke(messages, **options)
        return
    async with aclosing(model.astream(messages, **options)) as chunks:
        async for chunk in chunks:
            yield chunk


def _user_text(request: ProviderRequest) -> str:
    if not request.why:
        return request.user_prompt
    already = json.dumps(list(request.already), ensure_ascii=False)
    lines = [request.user_prompt, "", f"앞선 답변에는 문제가 있었습니다: {request.why}"]
    parts = []
    if request.lacks_sentence:
        lines.append("recommend 문장을 자연스러운 한국어로 새로 써 주세요.")
        parts.append('"recommend": "..."')
    if request.missing:
        lines.append(f"다음 제목과 겹치지 않는 챌린지 {request.missing}개만 새로 써 주세요: {already}")
        parts.append('"challenges": [...]')
    return "\n".join([*lines, f"{{{', '.join(parts)}}} 형식의 JSON만 출력합니다."])


_loaded: set[str] = set()
"""Models whose packages were imported."""


def load(model: str) -> None:
    """Imports LangChain and the provider's package. The first time takes seconds, so call it in a thread."""
    importlib.import_module("langchain.chat_models")
    importlib.import_module(module_of(model))
    _loaded.add(model)


def _make_model(name: str, temperature: float | None, max_tokens: int) -> Any:
    options: dict[str, Any] = {"max_retries": 0}
    if temperature is not None:
        options["temperature"] = temperature
    if provider_of(name) in OPENAI_PROTOCOL:
        # ``within`` enforces the other limits. The limit of tokens is an option of each call.
        timeout = importlib.import_module("httpx").Timeout(None, connect=settings.LEAFRESH_CONNECT_SECONDS)
        options |= {"timeout": timeout, "stream_chunk_timeout": None}
        return reading_everything(name, options)
    return importlib.import_module("langchain.chat_models").init_chat_model(name, max_tokens=max_tokens, **options)
