"""The writer lets providers write one answer.

The first provider that writes a visible character writes the answer. Before that character, the next provider silently
replaces one that fails. After it, complete parts stay. Missing parts are requested once more; if that fails, the
catalogue writes them.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from django.conf import settings

from chatbot import executors
from chatbot.answers.composer import Composed, Composer
from chatbot.answers.repair import repair
from chatbot.answers.rules import CHALLENGES
from chatbot.errors import Busy
from chatbot.generation.coalescer import LoopLag, TextCoalescer
from chatbot.models import Enforcement
from chatbot.providers.base import Provider, ProviderError, ProviderRequest

logger = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 5.0
"""The minimum rest of LEAFRESH_ANSWER_SECONDS for which a provider is called again."""

UNUSABLE = (
    *("repetition", "foreign_challenge", "foreign_sentence", "foreign_words"),
    *("placeholder", "unreadable", "json_text", "too_long"),
)
"""What the composer leaves out, by its names: the answer then lacks it."""

USELESS_LENGTH = 500
"""The number of characters without any text of an answer that no model writes between two texts."""

USAGE_SECONDS = 0.5
"""How long the writer waits for the provider's token counts after the end of the answer."""

GRACE_SECONDS = 1.0
"""How much later than the provider's own deadline the writer ends a call, so that the provider counts the failure."""


@dataclass(slots=True)
class Record:
    """A record of how an answer was written.

    ``tried`` lists the providers in order, with their errors. An entry has ``challenges`` if the provider only added
    these to an answer of another one, and ``unusable`` if parts of its answer could not be used. ``raw`` are the
    unchanged texts. ``wrote`` is the provider whose text was shown first.
    """

    tried: list[dict[str, Any]] = field(default_factory=list)
    enforcement: Enforcement = Enforcement.AS_IT_CAME
    raw: list[str] = field(default_factory=list)
    wrote: str = ""

    @property
    def errors(self) -> str:
        return "; ".join(entry["error"] for entry in self.tried if entry["error"])


class AnswerSink(Protocol):
    """Receives the answer while it is being written."""

    subscriber_count: int

    def show(self, composed: Composed) -> None:
        """Called with each visible change of the answer."""
        ...

    def notice(self, provider: str, challenges: list[int]) -> None:
        """Called when another provider continues. ``challenges`` are the numbers of the challenges that it writes.

        An empty list means that it writes the whole answer.
        """
        ...


async def nothing_to_learn(titles: Sequence[str]) -> None:
    """Does nothing: for composers that already know the words of every title."""


class _Watch:
    """Detects that a hosted model continues to write without any progress of the answer."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._progress = composer.progress
        self._begin = composer.progress
        self._moved_at = asyncio.get_running_loop().time()
        self._useless = 0  # characters since then

    def check(self, provider: Provider, piece: str) -> None:
        """Call it with each piece. Raises ProviderError. The provider itself detects that no piece comes."""
        now = asyncio.get_running_loop().time()
        self._useless += len(piece)
        if self._progress != self._composer.progress:
            self._progress, self._moved_at, self._useless = self._composer.progress, now, 0
        seconds = settings.LEAFRESH_TOKEN_SILENCE_SECONDS
        if self._useless < USELESS_LENGTH:  # it may be the JSON between two texts, from a slow model
            seconds *= 3
        has_begun = self._progress != self._begin
        if provider.hosted and has_begun and not self._composer.complete and now - self._moved_at > seconds:
            raise ProviderError(f"{provider.name}: nothing to read for {seconds:g} s")


class AnswerWriter:
    """Writes one answer. ``learn`` finds the words of titles for which the composer waits. ``generation_id`` is for the
    log."""

    def __init__(
        self,
        *,
        providers: Sequence[Provider],
        request: ProviderRequest,
        composer: Composer,
        sink: AnswerSink,
        loop_lag: LoopLag,
        generation_id: object = "-",
        learn: Callable[[Sequence[str]], Coroutine[Any, Any, None]] = nothing_to_learn,
    ) -> None:
        self.record = Record()
        self._providers = providers
        self._request = request
        self._composer = composer
        self._sink = sink
        self._loop_lag = loop_lag
        self._generation_id = generation_id
        self._learn = learn
        self._preparing: asyncio.Future[None] | None = None
        self._deadline = asyncio.get_running_loop().time() + settings.LEAFRESH_ANSWER_SECONDS

    async def write(self) -> None:
        """Writes the answer to its end. Raises ProviderError when no provider can complete it."""
        if self._providers[0].hosted and self._request.given:  # at the same time as the call of the model
            self._preparing = asyncio.create_task(self._learn(self._request.given))
        try:
            await self._write()
        finally:
            if self._preparing is not None:
                self._preparing.cancel()
            del self._sink  # it refers to this writer: without this, only the garbage collector could free both

    async def _write(self) -> None:
        for provider in self._providers:
            if provider is not self._providers[0]:
                self._sink.notice(provider.name, [])
            await self._ask(provider, self._request)
            if not self._composer.visible and not self._composer.has_challenges:
                await self._repair()
            if not self._composer.visible and self._composer.has_challenges:
                await self._ask_for_the_sentence(provider)
            if self._composer.visible:
                self.record.wrote = provider.name
                await self._finish(provider)
                return
            self._resume()
        raise ProviderError(self.record.errors or "no provider is configured")

    async def _ask_for_the_sentence(self, provider: Provider) -> None:
        """Requests the sentence again if only the challenges are valid."""
        self._resume()
        if self._composer.visible or not provider.hosted or self._time_left() < ASK_AGAIN_SECONDS:
            return
        await self._ask(provider, self._again())
        if self._composer.visible:
            self._note(Enforcement.ASKED_AGAIN)

    async def _finish(self, provider: Provider) -> None:
        """Completes an answer that is partly shown."""
        if self._composer.complete:
            self._note(Enforcement.MENDED if self._composer.mends else Enforcement.AS_IT_CAME)
            return
        self._resume()
        if self._composer.complete:  # only closing brackets of the JSON are missing
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
        """Passes the provider's text to the composer until the answer is complete or the text ends."""
        if not provider.hosted:
            self._composer.allow_given()  # the catalogue repeats challenges only when it has no others
        entry: dict[str, Any] = {"source": provider.name, "error": ""}
        self.record.tried.append(entry)
        mends = self._composer.mends.copy()
        raw: list[str] = []
        try:
            await self._read(provider, request, raw)
        except TimeoutError:
            entry["error"] = f"{provider.name}: no end within {settings.LEAFRESH_ANSWER_SECONDS:g} s"
        except ProviderError as error:
            entry["error"] = str(error)
        finally:
            self.record.raw.append("".join(raw))
        self._show(self._composer.finish())
        await self._catch_up()
        if self._composer.complete:
            entry["error"] = ""
        elif not entry["error"]:
            entry["error"] = f"{provider.name}: {self._shortcoming(entry, ''.join(raw), self._composer.mends - mends)}"
        if entry["error"]:
            logger.warning("generation %s: %s", self._generation_id, entry["error"])

    def _shortcoming(self, entry: dict[str, Any], text: str, mends: Mapping[str, int]) -> str:
        """Why a text is not a complete answer. What could not be used is noted in the entry, by its names."""
        unusable = {name: count for name, count in mends.items() if name in UNUSABLE}
        if not unusable or not text.rstrip("` \n").endswith("}"):
            return "the text ended before the answer was complete"
        entry["unusable"] = unusable
        parts = ", ".join(f"{name} {count}" for name, count in unusable.items())
        return f"parts of the answer could not be used ({parts})"

    async def _read(self, provider: Provider, request: ProviderRequest, raw: list[str]) -> None:
        composer = self._composer
        async with (
            asyncio.timeout_at(self._deadline + GRACE_SECONDS if provider.hosted else None) as limit,
            aclosing(provider.stream(replace(request, deadline=self._deadline))) as pieces,
        ):
            ends = False

            def read(text: str) -> bool:
                is_seen = self._feed(text)
                hurry()
                return is_seen

            def hurry() -> None:
                nonlocal ends
                is_over = composer.complete and not composer.may_be_replaced
                if is_over != ends and provider.hosted:
                    ends = is_over
                    soon = asyncio.get_running_loop().time() + USAGE_SECONDS
                    limit.reschedule(soon if ends else self._deadline)

            coalescer = TextCoalescer(
                read, loop_lag=self._loop_lag, subscriber_count=lambda: self._sink.subscriber_count
            )
            watch = _Watch(composer)
            try:
                async for piece in pieces:
                    raw.append(piece)
                    coalescer.add(piece)
                    watch.check(provider, piece)
                    if composer.unknown:
                        await self._catch_up()
                        hurry()
                    if composer.complete and not provider.hosted:
                        return
            finally:
                coalescer.flush()

    async def _catch_up(self) -> None:
        """Finds the words of the titles for which the composer waits, and shows the text after them."""
        while self._composer.unknown:
            if self._preparing is not None:
                await self._preparing
            await self._learn(self._composer.unknown)
            self._show(self._composer.go_on())

    def _feed(self, text: str) -> bool:
        """Passes ``text`` to the composer and shows the result. Returns whether anything is visible."""
        composed = self._composer.feed(text)
        self._show(composed)
        return bool(composed)

    def _show(self, composed: Sequence[Composed]) -> None:
        for each in composed:
            self._sink.show(each)

    async def _repair(self) -> None:
        try:
            repaired = await executors.repairs.run(repair, self.record.raw[-1])
        except Busy:  # repairs are overloaded: another provider writes the answer
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
        missing, lacks_sentence = self._composer.missing, not self._composer.sentence
        why = f"챌린지 {missing}개가 없거나 형식에 맞지 않았습니다." if missing else "recommend 문장을 쓸 수 없습니다."
        return replace(
            self._request, already=self._composer.titles, missing=missing, lacks_sentence=lacks_sentence, why=why
        )

    def _time_left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    def _note(self, how: Enforcement) -> None:
        if list(Enforcement).index(how) > list(Enforcement).index(self.record.enforcement):
            self.record.enforcement = how
