"""Writing one answer: the first provider that shows anything writes it; it or the catalogue completes it.

Until the first visible character, the next provider silently replaces one that fails. After it, the complete parts
stay. What is missing is asked for once more, and else comes from the catalogue.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from django.conf import settings

from chatbot import executors
from chatbot.answers.composer import Composed, Composer
from chatbot.answers.repair import repair
from chatbot.answers.schema import CHALLENGES
from chatbot.errors import Busy
from chatbot.generation.coalescer import TextCoalescer
from chatbot.generation.loop_lag import LoopLag
from chatbot.models import Enforcement
from chatbot.providers.base import Provider, ProviderError, ProviderRequest

logger = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 5.0
"""What must be left of LEAFRESH_ANSWER_SECONDS for asking a provider again."""

USAGE_SECONDS = 0.5
"""How long the writer waits after the answer's end for the provider's count of tokens."""


@dataclass(slots=True)
class Record:
    """What happened. ``tried`` lists the providers in order, with their errors, and the ``challenges`` of one that only
    filled up. ``raw`` are the texts as they came; ``wrote`` is the provider whose text was shown first."""

    tried: list[dict[str, Any]] = field(default_factory=list)
    enforcement: Enforcement = Enforcement.AS_IT_CAME
    raw: list[str] = field(default_factory=list)
    wrote: str = ""

    @property
    def errors(self) -> str:
        return "; ".join(entry["error"] for entry in self.tried if entry["error"])


class AnswerSink(Protocol):
    """Where the answer goes while it is written."""

    subscriber_count: int

    def show(self, composed: Composed) -> None:
        """Something is shown."""
        ...

    def notice(self, provider: str, challenges: list[int]) -> None:
        """Another provider continues. ``challenges`` are the numbers of those that come from it; none when it writes
        the whole answer."""
        ...


async def nothing_to_learn(titles: Sequence[str]) -> None:
    """For composers that know every title's words."""


class Writer:
    """``learn`` finds the words of titles for which the composer waits."""

    def __init__(
        self,
        *,
        providers: Sequence[Provider],
        request: ProviderRequest,
        composer: Composer,
        sink: AnswerSink,
        loop_lag: LoopLag,
        learn: Callable[[Sequence[str]], Coroutine[Any, Any, None]] = nothing_to_learn,
    ) -> None:
        self.record = Record()
        self._providers = providers
        self._request = request
        self._composer = composer
        self._sink = sink
        self._loop_lag = loop_lag
        self._learn = learn
        self._preparing: asyncio.Future[None] | None = None
        self._deadline = asyncio.get_running_loop().time() + settings.LEAFRESH_ANSWER_SECONDS

    async def write(self) -> None:
        """Returns when the answer is complete. Raises ProviderError when no provider can complete it."""
        if self._providers[0].hosted and self._request.given:  # while the model thinks
            self._preparing = asyncio.create_task(self._learn(self._request.given))
        try:
            await self._write()
        finally:
            if self._preparing is not None:
                self._preparing.cancel()

    async def _write(self) -> None:
        for provider in self._providers:
            if provider is not self._providers[0]:
                self._sink.notice(provider.name, [])
            await self._ask(provider, self._request)
            if not self._composer.visible:
                await self._repair()
            if self._composer.visible:
                self.record.wrote = provider.name
                await self._finish(provider)
                return
            self._resume()
        raise ProviderError(self.record.errors or "no provider is configured")

    async def _finish(self, provider: Provider) -> None:
        """Completes an answer of which something was shown."""
        if self._composer.complete:
            self._note(Enforcement.MENDED if self._composer.mends else Enforcement.AS_IT_CAME)
            return
        self._resume()
        if self._composer.complete:  # only the closing brackets were missing
            self.record.tried[-1]["error"] = ""
            self._note(Enforcement.REPAIRED)
            return
        if provider.hosted and self._composer.sentence and self._time_left() >= ASK_AGAIN_SECONDS:
            await self._ask(provider, self._again())
            if self._composer.complete:
                self._note(Enforcement.ASKED_AGAIN)
                return
            self._resume()
        last = self._providers[-1]
        if last.hosted or last is provider:
            raise ProviderError(self.record.errors or f"{provider.name}: the answer is not complete")
        filled = list(range(CHALLENGES - self._composer.missing + 1, CHALLENGES + 1))
        self._sink.notice(last.name, filled)
        await self._ask(last, self._again())
        self.record.tried[-1]["challenges"] = filled
        if not self._composer.complete:
            raise ProviderError(self.record.errors)
        self._note(Enforcement.FILLED)

    async def _ask(self, provider: Provider, request: ProviderRequest) -> None:
        """Feeds the composer with the provider's text, until the answer is complete or the text ends."""
        if not provider.hosted:
            self._composer.allow_given()  # the catalogue repeats only when nothing else is left
        entry: dict[str, Any] = {"source": provider.name, "error": ""}
        self.record.tried.append(entry)
        raw: list[str] = []
        try:
            await self._read(provider, request, raw)
        except TimeoutError:
            entry["error"] = f"{provider.name}: no end within {settings.LEAFRESH_ANSWER_SECONDS:g} s"
        except ProviderError as error:
            entry["error"] = str(error)
        finally:
            self.record.raw.append("".join(raw))
        await self._catch_up()
        if self._composer.complete:
            entry["error"] = ""
        elif not entry["error"]:
            entry["error"] = f"{provider.name}: the text ended before the answer was complete"
        if entry["error"]:
            logger.warning("%s", entry["error"])

    async def _read(self, provider: Provider, request: ProviderRequest, raw: list[str]) -> None:
        composer = self._composer
        async with (
            asyncio.timeout_at(self._deadline if provider.hosted else None) as limit,
            aclosing(provider.stream(request)) as pieces,
        ):
            ends = False

            def read(text: str) -> bool:
                is_seen = self._feed(text)
                hurry()
                return is_seen

            def hurry() -> None:
                nonlocal ends
                if composer.complete and not ends and provider.hosted:
                    ends = True
                    limit.reschedule(asyncio.get_running_loop().time() + USAGE_SECONDS)

            coalescer = TextCoalescer(
                read, loop_lag=self._loop_lag, subscriber_count=lambda: self._sink.subscriber_count
            )
            try:
                async for piece in pieces:
                    raw.append(piece)
                    coalescer.add(piece)
                    if composer.unknown:
                        await self._catch_up()
                        hurry()
                    if composer.complete and not provider.hosted:
                        return
            finally:
                coalescer.flush()

    async def _catch_up(self) -> None:
        """Finds the words of the titles for which the composer waits, and shows what comes after them."""
        while self._composer.unknown:
            if self._preparing is not None:
                await self._preparing
            await self._learn(self._composer.unknown)
            self._show(self._composer.go_on())

    def _feed(self, text: str) -> bool:
        """Shows what comes of ``text``. Returns whether anything does."""
        composed = self._composer.feed(text)
        self._show(composed)
        return bool(composed)

    def _show(self, composed: Sequence[Composed]) -> None:
        for each in composed:
            self._sink.show(each)

    async def _repair(self) -> None:
        try:
            repaired = await executors.repairs.run(repair, self.record.raw[-1])
        except Busy:  # another provider writes the answer
            return
        if not repaired:
            return
        self._resume()
        self._feed(repaired)
        await self._catch_up()
        if self._composer.visible:
            self._note(Enforcement.REPAIRED)

    def _resume(self) -> None:
        self._show(self._composer.resume())

    def _again(self) -> ProviderRequest:
        titles = [challenge.title for challenge in self._composer.answer.challenges]
        why = f"챌린지 {self._composer.missing}개가 없거나 형식에 맞지 않았습니다."
        return replace(self._request, already=titles, missing=self._composer.missing, why=why)

    def _time_left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    def _note(self, how: Enforcement) -> None:
        if list(Enforcement).index(how) > list(Enforcement).index(self.record.enforcement):
            self.record.enforcement = how
