"""Getting one answer written: by the first source that shows anything, finished by it or by the catalogue.

Until the first visible character, a source that fails is replaced by the next, unseen. After it, what is complete
stays; what is missing is asked for once more, and else comes from the catalogue.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from chatbot import executors
from chatbot.answers.composer import Composed, Composer
from chatbot.answers.repair import repair
from chatbot.answers.schema import CHALLENGES
from chatbot.errors import Busy
from chatbot.generation.coalescer import TextCoalescer
from chatbot.models import Enforcement
from chatbot.providers.base import Provider, ProviderError, ProviderRequest

logger = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 5.0
"""What must be left of LEAFRESH_ANSWER_SECONDS for asking again."""


LAST_WORDS_SECONDS = 0.5
"""How long a model that has said everything is still listened to."""


@dataclass(slots=True)
class Record:
    """What happened: who was asked, in order, with what came of it and, of
    one that only filled up, the numbers of its ``challenges``; how the contract was kept; the raw texts; and who
    ``wrote`` what was shown first."""

    tried: list[dict[str, Any]] = field(default_factory=list)
    enforcement: Enforcement = Enforcement.AS_IT_CAME
    raw: list[str] = field(default_factory=list)
    wrote: str = ""

    @property
    def errors(self) -> str:
        return "; ".join(entry["error"] for entry in self.tried if entry["error"])


async def nothing_to_learn(titles: Sequence[str]) -> None:
    """For composers that know every title's words."""


class Writer:
    """``learn`` finds the words of titles that the composer waits for. ``show`` is called with everything that is
    shown, ``notice`` when another source has to go on: with its name and the numbers of the challenges that come from
    it, none when it writes the whole answer. ``listeners`` tells how many there are at the moment."""

    def __init__(
        self,
        *,
        sources: list[Provider],
        request: ProviderRequest,
        composer: Composer,
        show: Callable[[Composed], None],
        notice: Callable[[str, list[int]], None],
        learn: Callable[[Sequence[str]], Coroutine[Any, Any, None]] = nothing_to_learn,
        listeners: Callable[[], int] = lambda: 1,
    ) -> None:
        self.record = Record()
        self._sources = sources
        self._request = request
        self._composer = composer
        self._learn = learn
        self._preparing: asyncio.Future[None] | None = None
        self._show = show
        self._notice = notice
        self._listeners = listeners
        self._deadline = asyncio.get_running_loop().time() + settings.LEAFRESH_ANSWER_SECONDS

    async def write(self) -> None:
        """Returns when the answer is complete. Raises SourceError when no source can complete it."""
        if self._sources[0].hosted and self._request.given:  # while the model thinks
            self._preparing = asyncio.create_task(self._learn(self._request.given))
        try:
            await self._write()
        finally:
            if self._preparing is not None:
                self._preparing.cancel()

    async def _write(self) -> None:
        for source in self._sources:
            if source is not self._sources[0]:
                self._notice(source.name, [])
            await self._ask(source, self._request)
            if not self._composer.visible:
                await self._repair()
            if self._composer.visible:
                self.record.wrote = source.name
                await self._finish(source)
                return
            self._resume()
        raise ProviderError(self.record.errors or "no answer source is configured")

    async def _finish(self, source: Provider) -> None:
        """Completes an answer of which something was shown."""
        if self._composer.complete:
            self._note(Enforcement.MENDED if self._composer.mends else Enforcement.AS_IT_CAME)
            return
        self._resume()
        if self._composer.complete:  # all but the closing brackets was there
            self.record.tried[-1]["error"] = ""
            self._note(Enforcement.REPAIRED)
            return
        if source.hosted and self._composer.sentence and self._time_left() >= ASK_AGAIN_SECONDS:
            await self._ask(source, self._again())
            if self._composer.complete:
                self._note(Enforcement.ASKED_AGAIN)
                return
            self._resume()
        last = self._sources[-1]
        if last.hosted or last is source:
            raise ProviderError(self.record.errors or f"{source.name}: the answer is not complete")
        filled = list(range(CHALLENGES - self._composer.missing + 1, CHALLENGES + 1))
        self._notice(last.name, filled)
        await self._ask(last, self._again())
        self.record.tried[-1]["challenges"] = filled
        if not self._composer.complete:
            raise ProviderError(self.record.errors)
        self._note(Enforcement.FILLED)

    async def _ask(self, source: Provider, request: ProviderRequest) -> None:
        """Feeds the composer with what the source writes, until the answer is complete or the source ends."""
        if not source.hosted:
            self._composer.allow_given()  # the catalogue repeats only when nothing else is left
        entry: dict[str, Any] = {"source": source.name, "error": ""}
        self.record.tried.append(entry)
        raw: list[str] = []
        try:
            await self._listen(source, request, raw)
        except TimeoutError:
            entry["error"] = f"{source.name}: no end within {settings.LEAFRESH_ANSWER_SECONDS:g} s"
        except ProviderError as error:
            entry["error"] = str(error)
        finally:
            self.record.raw.append("".join(raw))
        await self._catch_up()
        if self._composer.complete:
            entry["error"] = ""
        elif not entry["error"]:
            entry["error"] = f"{source.name}: the text ended before the answer was complete"
        if entry["error"]:
            logger.warning("%s", entry["error"])

    async def _listen(self, source: Provider, request: ProviderRequest, raw: list[str]) -> None:
        composer = self._composer
        async with (
            asyncio.timeout_at(self._deadline if source.hosted else None) as limit,
            aclosing(source.stream(request)) as pieces,
        ):
            ends = False

            def read(text: str) -> bool:
                is_seen = self._feed(text)
                hurry()
                return is_seen

            def hurry() -> None:
                nonlocal ends
                if composer.complete and not ends and source.hosted:
                    # The provider counts its tokens behind the text.
                    ends = True
                    limit.reschedule(asyncio.get_running_loop().time() + LAST_WORDS_SECONDS)

            gatherer = TextCoalescer(read, listeners=self._listeners)
            try:
                async for piece in pieces:
                    raw.append(piece)
                    gatherer.add(piece)
                    if composer.unknown:
                        await self._catch_up()
                        hurry()
                    if composer.complete and not source.hosted:
                        return
            finally:
                gatherer.flush()

    async def _catch_up(self) -> None:
        """Finds the words of the titles before which the composer waits, and shows what comes after them."""
        while self._composer.unknown:
            if self._preparing is not None:
                await self._preparing
            await self._learn(self._composer.unknown)
            for each in self._composer.go_on():
                self._show(each)

    def _feed(self, text: str) -> bool:
        """Shows what comes of ``text``; whether anything does."""
        composed = self._composer.feed(text)
        for each in composed:
            self._show(each)
        return bool(composed)

    async def _repair(self) -> None:
        try:
            repaired = await executors.repairs.run(repair, self.record.raw[-1])
        except Busy:  # another source writes the answer
            return
        if not repaired:
            return
        self._resume()
        self._feed(repaired)
        await self._catch_up()
        if self._composer.visible:
            self._note(Enforcement.REPAIRED)

    def _resume(self) -> None:
        for composed in self._composer.resume():
            self._show(composed)

    def _again(self) -> ProviderRequest:
        titles = [challenge.title for challenge in self._composer.answer.challenges]
        why = f"챌린지 {self._composer.missing}개가 없거나 형식에 맞지 않았습니다."
        return replace(self._request, already=titles, missing=self._composer.missing, why=why)

    def _time_left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    def _note(self, how: Enforcement) -> None:
        if list(Enforcement).index(how) > list(Enforcement).index(self.record.enforcement):
            self.record.enforcement = how
