"""Making an index from what is in the database."""

from collections.abc import AsyncIterator, Callable, Sequence

from asgiref.sync import sync_to_async

from challenges.catalog import Options
from chatbot import executors
from chatbot.nlu.morphemes import MorphemeAnalyser
from chatbot.search.analysis import Analysis, Gathering, digests_of
from chatbot.search.corpus import Keys, challenges_after, count, documents_after, read_keys
from chatbot.search.entries import Entry
from chatbot.search.index import Index
from chatbot.search.names import names
from chatbot.search.ranking import Ranking
from chatbot.search.rows import Rows
from chatbot.search.terms import index_words
from chatbot.search.worker import Worker

SMALL = 2_000
"""Challenges and documents up to which an index is computed in a thread: a second or two when it is all new."""

FEW = 20
"""Texts of a chunk that are analysed in a thread, however large the index."""


async def build(*, analyser: MorphemeAnalyser, known: Options, before: Index | None) -> Index:
    """An index of the active rows. Texts that ``before`` has are not analysed again; it must be of the same analyser.

    Reads the database in short steps, and computes in worker threads or, when it is much, in a process.
    """
    keys = await sync_to_async(read_keys)()
    desk = _Desk(analyser, large=await sync_to_async(count)() > SMALL)
    gathering = Gathering(before.analysis if before else None)
    try:
        rows = [await executors.index.run(_gather, gathering, chunk, desk) async for chunk in _entries(keys)]
        analysis = await executors.index.run(gathering.finished)
        ranking = await executors.index.run(desk.ranking, analysis)
    finally:
        await executors.index.run(desk.close)
    kept = (
        before.reader.names if before and before.known == known else await executors.index.run(names, known, analyser)
    )
    joined = await executors.index.run(Rows.joined, rows)
    return await executors.index.run(
        Index, keys=keys, rows=joined, analysis=analysis, ranking=ranking, known=known, names=kept
    )


async def _entries(keys: Keys) -> AsyncIterator[list[Entry]]:
    readers: tuple[Callable[[int, Keys], list[Entry]], ...] = (challenges_after, documents_after)
    for read in readers:
        chunk = await sync_to_async(read)(0, keys)
        while chunk:
            yield chunk
            chunk = await sync_to_async(read)(chunk[-1].id, keys)


def _gather(gathering: Gathering, chunk: Sequence[Entry], desk: "_Desk") -> Rows:
    digests = digests_of(chunk)
    missing = gathering.missing(digests)
    words = desk.index_words([(chunk[place].title, chunk[place].text) for place in missing])
    gathering.add(digests, dict(zip(missing, words, strict=True)))
    return Rows.of(chunk)


class _Desk:
    """Where the computing is done: here, or in a process when there is much of it."""

    def __init__(self, analyser: MorphemeAnalyser, *, large: bool) -> None:
        self._analyser = analyser
        self._large = large
        self._worker: Worker | None = None

    def index_words(self, texts: Sequence[tuple[str, str]]) -> list[list[str]]:
        if self._large and len(texts) > FEW:
            return self._started().index_words(texts)
        return index_words(self._analyser, texts)

    def ranking(self, analysis: Analysis) -> Ranking:
        make = self._started().ranking if self._large else Ranking.of
        return make(analysis.offsets, analysis.flat)

    def _started(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self._analyser.names)
        return self._worker

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
