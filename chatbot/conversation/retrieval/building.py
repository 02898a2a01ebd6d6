"""Making an index from what is in the database."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from asgiref.sync import sync_to_async

from challenges.catalog import Options
from chatbot.conversation.language import Language
from chatbot.conversation.retrieval.analysis import Gathering, digests_of
from chatbot.conversation.retrieval.corpus import Entry, Keys, challenges_after, documents_after, read_keys
from chatbot.conversation.retrieval.index import Index, Rows
from chatbot.conversation.retrieval.names import names
from chatbot.conversation.retrieval.ranking import Ranking
from chatbot.conversation.retrieval.terms import index_words


async def build(*, language: Language, known: Options, before: Index | None) -> Index:
    """An index of the active rows. Texts that ``before`` has are not analysed again; it must be of the same language.

    Reads the database in short steps in the caller's thread for it, and computes in worker threads.
    """
    keys = await sync_to_async(read_keys)()
    gathering = Gathering(before.analysis if before else None)
    chunks: list[list[Entry]] = []
    async for chunk in _entries(keys):
        await asyncio.to_thread(_gather, gathering, chunk, language)
        chunks.append([_without_text(entry) for entry in chunk])
    return await asyncio.to_thread(_finished, keys, chunks, gathering, known, language)


async def _entries(keys: Keys) -> AsyncIterator[list[Entry]]:
    readers: tuple[Callable[[int, Keys], list[Entry]], ...] = (challenges_after, documents_after)
    for read in readers:
        chunk = await sync_to_async(read)(0, keys)
        while chunk:
            yield chunk
            chunk = await sync_to_async(read)(chunk[-1].id, keys)


def _gather(gathering: Gathering, chunk: Sequence[Entry], language: Language) -> None:
    digests = digests_of(chunk)
    missing = gathering.missing(digests)
    gathering.add(digests, {place: index_words(language, chunk[place].title, chunk[place].text) for place in missing})


def _without_text(entry: Entry) -> Entry:
    return Entry(entry.id, entry.passage, entry.category, entry.locations, entry.work_types, "", "")


def _finished(
    keys: Keys, chunks: Sequence[Sequence[Entry]], gathering: Gathering, known: Options, language: Language
) -> Index:
    analysis = gathering.finished()
    return Index(
        keys=keys, rows=Rows(chunks), analysis=analysis, ranking=Ranking(analysis), names=names(known, language)
    )
