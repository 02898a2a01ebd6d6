"""Builds the index from the database, and builds it again after changes."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass

from asgiref.sync import sync_to_async

from challenges.catalog import Options
from chatbot import executors
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search.corpus import IndexEntry, Keys, challenges_after, documents_after, read_keys
from chatbot.search.index import Index, Rows
from chatbot.search.question import name_meanings
from chatbot.search.ranking import AnalysisBuilder, Ranking, digests_of
from chatbot.search.terms import index_words


async def build(*, analyser: MorphemeAnalyser, known: Options, before: Index | None) -> Index:
    """Builds an index of the active rows.

    The texts in ``before``, an index with the same analyser, are not analysed again. The database is read in short
    steps. The computation runs in worker threads, the analysis in the analyser's process.
    """
    keys = await sync_to_async(read_keys)()
    builder = AnalysisBuilder(before.analysis if before else None)
    rows = [await executors.index.run(_add_chunk, builder, chunk, analyser) async for chunk in _entries(keys)]
    analysis = await executors.index.run(builder.finished)
    ranking = await executors.index.run(Ranking.of, analysis.offsets, analysis.flat)
    is_same = before is not None and before.known == known
    names = before.reader.names if before and is_same else await executors.index.run(name_meanings, known, analyser)
    joined = await executors.index.run(Rows.joined, rows)
    return await executors.index.run(
        Index, keys=keys, rows=joined, analysis=analysis, ranking=ranking, known=known, names=names
    )


async def _entries(keys: Keys) -> AsyncIterator[list[IndexEntry]]:
    readers: tuple[Callable[[int, Keys], list[IndexEntry]], ...] = (challenges_after, documents_after)
    for read in readers:
        chunk = await sync_to_async(read)(0, keys)
        while chunk:
            yield chunk
            chunk = await sync_to_async(read)(chunk[-1].id, keys)


def _add_chunk(builder: AnalysisBuilder, chunk: Sequence[IndexEntry], analyser: MorphemeAnalyser) -> Rows:
    texts = [(entry.title, entry.text) for entry in chunk]
    digests = digests_of(texts)
    missing = builder.missing(digests)
    words = index_words(analyser, [texts[place] for place in missing])
    builder.add(digests, dict(zip(missing, words, strict=True)))
    return Rows.of(chunk)


logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 15.0
"""How long searches wait for a build if there is no index yet."""

FRESH_WAIT_SECONDS = 1.0
"""How long searches wait for a build before they use the old index."""


@dataclass(frozen=True)
class State:
    """The inputs of an index. ``tokens`` are the revisions of its tables."""

    tokens: tuple[object, ...]
    analyser: MorphemeAnalyser
    known: Options

    @classmethod
    def at(cls, revisions: Mapping[str, str], analyser: MorphemeAnalyser, known: Options) -> "State":
        """The state for the revisions. A missing token never equals another one, so data without a token is never
        valid."""
        tokens = tuple(revisions.get(name) or object() for name in ("corpus", "options"))
        return cls(tokens, analyser, known)

    def same(self, other: "State | None") -> bool:
        return other is not None and (self.tokens, self.analyser.names) == (other.tokens, other.analyser.names)


class IndexManager:
    """Owns the index of the process, and the task that builds the next one."""

    def __init__(self) -> None:
        self._index: Index | None = None
        self._made_of: State | None = None
        self._wanted: State | None = None
        self._builder: asyncio.Task[None] | None = None
        self._begun = 0.0

    @property
    def latest(self) -> Index | None:
        """The index that was built last, even if rows have changed since."""
        return self._index

    async def index(self, wanted: State) -> Index | None:
        """The index of the present rows, or an older one while that is being built; None when there is none.

        Errors of a build are logged and not raised. The next call tries again.
        """
        if not wanted.same(self._made_of):
            self._wanted = wanted
            builder = self._building()
            if builder is not None:
                longest = FRESH_WAIT_SECONDS if self._index else FIRST_WAIT_SECONDS
                age = time.monotonic() - self._begun
                await asyncio.wait({builder}, timeout=max(0.0, longest - age))
        return self._index

    def _building(self) -> asyncio.Task[None] | None:
        """The running task, or a new one; None when it runs in another thread's loop."""
        loop = asyncio.get_running_loop()
        running = self._builder
        if running is not None and not running.done() and not running.get_loop().is_closed():
            return running if running.get_loop() is loop else None
        self._begun = time.monotonic()
        self._builder = loop.create_task(self._build(), name="retrieval index")
        return self._builder

    async def _build(self) -> None:
        """Builds until the index has the state that was requested last."""
        try:
            while self._wanted is not None and not self._wanted.same(self._made_of):
                wanted = self._wanted
                self._begun = time.monotonic()
                same_names = self._made_of is not None and self._made_of.analyser.names == wanted.analyser.names
                before = self._index if same_names else None
                self._index = await build(analyser=wanted.analyser, known=wanted.known, before=before)
                self._made_of = wanted
        except Exception:  # no code awaits this task; the old index stays in use
            logger.exception("the index of challenges and documents could not be built")
